-- Whether a portal may be sent to now. All times are Redis' own, in seconds; ARGV[1] is how far a simulation is ahead.
--
-- KEYS[1]  the portal: level, at (of its bucket), slow, slow_at (the learned factor of its rate), each (seconds a command)
-- KEYS[2]  one method on it: used, reset (operating time), reserved, reserved_at, next, blocked, probe, limit, limit_at
-- ARGV     ahead, what to do, and its arguments (b24app/limits.py)

local RECOVER = 600        -- a rate that was lowered to nothing is whole again after so many seconds
local LEAST_FACTOR = 0.25
local LEARNED_FOR = 3600   -- a limit that was learned from a block is believed so long
local RESERVED_FOR = 80    -- a reservation whose batch was never reported ends by then
local FREE_SHARE = 0.75    -- up to this share of the operating limit nothing is slowed down
local SEND_SECONDS = 10    -- a batch is sized to end within this
local FIRST_COMMANDS = 10  -- as long as it is not known how long a command takes
local BLIND_COMMANDS = 5   -- after a reset, until the portal has told what is used now

local time = redis.call('time')
local now = time[1] + time[2] / 1000000 + tonumber(ARGV[1])
local portal, method = KEYS[1], KEYS[2]

local function get(key, field, default)
    return tonumber(redis.call('hget', key, field) or default) or default
end

local function set(key, ...)
    redis.call('hset', key, ...)
    redis.call('expire', key, LEARNED_FOR + 600)
end

local function factor()
    local slow = get(portal, 'slow', 1)
    return math.min(1, slow + (now - get(portal, 'slow_at', now)) / RECOVER)
end

local function reserved()
    if now - get(method, 'reserved_at', now) > RESERVED_FOR then return 0 end
    return get(method, 'reserved', 0)
end

-- The limit of the operating time, and of it what is used as far as is known; nil after a reset.
local function budget(limit)
    if now - get(method, 'limit_at', -LEARNED_FOR) < LEARNED_FOR then
        limit = math.min(limit, get(method, 'limit', limit))
    end
    if now >= get(method, 'reset', 0) then return limit, nil end
    return limit, get(method, 'used', 0) + reserved()
end

-- Seconds until the bucket takes another hit.
local function bucket(rate, threshold)
    if rate <= 0 then return 0, 0 end
    rate = rate * factor()
    local level = math.max(0, get(portal, 'level', 0) - rate * math.max(0, now - get(portal, 'at', now)))
    return math.max(0, level + 1 - threshold) / rate, level
end

-- Commands that the operating time allows now, and the seconds to wait where it is none.
local function operating(commands, each, limit)
    local blocked = get(method, 'blocked', 0)
    if now < blocked then return 0, blocked - now end
    if get(method, 'probe', 0) == 1 then commands = 1 end
    if redis.call('hexists', method, 'used') == 0 then return commands, 0 end
    local used
    limit, used = budget(limit)
    if used == nil then
        -- Some of it has ended, how much only the portal knows.
        if get(method, 'used', 0) > limit * FREE_SHARE then commands = math.min(commands, BLIND_COMMANDS) end
        return commands, 0
    end
    local room = math.floor((limit - used) / each)
    if room < 1 then return 0, get(method, 'reset', now) - now end
    if used > limit * FREE_SHARE and now < get(method, 'next', 0) then return 0, get(method, 'next', 0) - now end
    return math.min(commands, room), 0
end

-- Keep so many seconds of operating time for commands that go out now.
local function reserve(seconds, limit)
    local used
    limit, used = budget(limit)
    set(method, 'reserved', reserved() + seconds, 'reserved_at', now)
    if used and used > limit * FREE_SHARE then
        -- What is left is spread over the time until some of what is used ends.
        set(method, 'next', now + seconds * (get(method, 'reset', now) - now) / math.max(limit - used, seconds))
    end
end

if ARGV[2] == 'take' or ARGV[2] == 'look' then
    -- rate, threshold, commands wanted (0: a hit that is no work), operating limit → {seconds to wait, commands granted,
    -- seconds that each takes}; `look` counts nothing
    local wait, level = bucket(tonumber(ARGV[3]), tonumber(ARGV[4]))
    if wait > 0 then return {tostring(wait), 0, '0'} end
    local commands = tonumber(ARGV[5])
    if commands > 0 then
        local each = get(portal, 'each', 0)
        commands = math.min(commands, each > 0 and math.max(1, math.floor(SEND_SECONDS / each)) or FIRST_COMMANDS)
        commands, wait = operating(commands, math.max(each, 0.001), tonumber(ARGV[6]))
        if wait > 0 then return {tostring(wait), 0, '0'} end
        if ARGV[2] == 'look' then return {'0', commands, tostring(each)} end
        reserve(commands * math.max(each, 0.001), tonumber(ARGV[6]))
    end
    set(portal, 'level', level + 1, 'at', now)
    return {'0', commands, tostring(get(portal, 'each', 0))}
end

if ARGV[2] == 'report' then
    -- commands granted, seconds that each took, seconds used ('': not told), seconds until some of them end
    local each, new = get(portal, 'each', 0), tonumber(ARGV[4])
    set(method, 'reserved', math.max(0, reserved() - tonumber(ARGV[3]) * math.max(each, 0.001)), 'reserved_at', now)
    set(portal, 'each', new > each and new or each * 0.7 + new * 0.3)
    if ARGV[5] ~= '' then
        set(method, 'used', ARGV[5], 'reset', now + tonumber(ARGV[6]), 'probe', 0)
    end
    return ''
end

if ARGV[2] == 'throttled' then
    -- rate, threshold: the portal answered 503, so its bucket is full and its rate lower than was thought
    set(portal, 'slow', math.max(LEAST_FACTOR, factor() / 2), 'slow_at', now, 'level', ARGV[4], 'at', now)
    return ''
end

if ARGV[2] == 'blocked' then
    -- seconds to wait at least: the portal answered that the method has used its operating time
    local used = get(method, 'used', 0)
    if used > 0 and now < get(method, 'reset', 0) then set(method, 'limit', used, 'limit_at', now) end
    set(method, 'blocked', math.max(now + tonumber(ARGV[3]), get(method, 'reset', 0)), 'probe', 1)
    return tostring(get(method, 'blocked', now) - now)
end

-- slower: an answer was lost although the batch had begun, so its commands may take longer than was thought
set(portal, 'each', math.min(SEND_SECONDS, math.max(get(portal, 'each', 0), 0.05) * 2))
return ''
