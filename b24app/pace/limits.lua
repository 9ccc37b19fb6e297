-- Whether a portal may be sent to now. All times are Redis' own, in seconds; ARGV[1] is how far a simulation is ahead.
--
-- KEYS[1]  the portal: level, at (of its bucket), slow, slow_at (the learned factor of its rate), each (seconds a command)
-- KEYS[2]  one method on it: used, reset (operating time), next, blocked, probe, probe_until, limit, limit_at, reserved
-- KEYS[3]  operating time that is kept for hits that are out: "number:seconds" by the time when it is forgotten
-- ARGV     ahead, what to do, and its arguments (b24app/pace/limits.py)

local RECOVER = 600        -- a rate that was lowered to nothing is whole again after so many seconds
local MIN_FACTOR = 0.25
local LEARNED_FOR = 3600   -- a limit that was learned from a block is believed so long
local RESERVED_FOR = 80    -- a hit that was not reported by then is not out any more
local FREE_SHARE = 0.75    -- up to this share of the operating limit nothing is slowed down
local SEND_SECONDS = 10    -- a batch is sized to end within this
local BLIND_COMMANDS = 5   -- after a reset, until the portal has told what is used now
local PROBE_FOR = 30       -- after a block one command goes alone; so long others wait for what it brings
local MIN_SECONDS_PER_COMMAND = 0.001     -- no command costs less

local time = redis.call('time')
local now = time[1] + time[2] / 1000000 + tonumber(ARGV[1])
local portal, method, reservations = KEYS[1], KEYS[2], KEYS[3]

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
    redis.call('zremrangebyscore', reservations, '-inf', now)
    local seconds = 0
    for _, entry in ipairs(redis.call('zrange', reservations, 0, -1)) do
        seconds = seconds + tonumber(string.match(entry, ':(.*)$'))
    end
    return seconds
end

-- The limit of the operating time, and of it what is used as far as is known; nil after a reset.
local function budget(limit)
    if now - get(method, 'limit_at', -LEARNED_FOR) < LEARNED_FOR then
        limit = math.min(limit, get(method, 'limit', limit))
    end
    if now >= get(method, 'reset', 0) then return limit, nil end
    return limit, get(method, 'used', 0) + reserved()
end

-- Seconds until the bucket takes another hit, and its level now.
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
    if get(method, 'probe', 0) == 1 then
        local probing = get(method, 'probe_until', 0)
        if now < probing then return 0, math.min(1, probing - now) end
        return 1, 0
    end
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
    local number = redis.call('hincrby', method, 'reserved', 1)
    redis.call('zadd', reservations, now + RESERVED_FOR, number .. ':' .. seconds)
    redis.call('expire', reservations, RESERVED_FOR)
    if get(method, 'probe', 0) == 1 then set(method, 'probe_until', now + PROBE_FOR) end
    if used and used > limit * FREE_SHARE then
        -- What is left is spread over the time until some of what is used ends.
        set(method, 'next', now + seconds * (get(method, 'reset', now) - now) / math.max(limit - used, seconds))
    end
end

if ARGV[2] == 'take' or ARGV[2] == 'look' then
    -- rate, threshold, commands wanted (0: a hit that is no work), commands in one as long as it is not known how long
    -- they take, operating limit → {seconds to wait, commands granted, seconds that each takes}; `look` counts nothing
    local wait, level = bucket(tonumber(ARGV[3]), tonumber(ARGV[4]))
    if wait > 0 then return {tostring(wait), 0, '0'} end
    local commands, each = tonumber(ARGV[5]), get(portal, 'each', 0)
    if commands > 0 then
        local most = each > 0 and math.max(1, math.floor(SEND_SECONDS / each)) or tonumber(ARGV[6])
        local limit = tonumber(ARGV[7])
        commands, wait = operating(math.min(commands, most), math.max(each, MIN_SECONDS_PER_COMMAND), limit)
        if wait > 0 then return {tostring(wait), 0, '0'} end
        if ARGV[2] == 'look' then return {'0', commands, tostring(each)} end
        reserve(commands * math.max(each, MIN_SECONDS_PER_COMMAND), limit)
    end
    if tonumber(ARGV[3]) > 0 then set(portal, 'level', level + 1, 'at', now) end
    return {'0', commands, tostring(each)}
end

if ARGV[2] == 'report' then
    -- seconds that each command took, seconds used ('': not told), seconds until some of them end
    local each, new = get(portal, 'each', 0), tonumber(ARGV[3])
    redis.call('zpopmin', reservations) -- its own or one as good: they all end soon
    set(portal, 'each', new > each and new or each * 0.7 + new * 0.3)
    if now >= get(method, 'blocked', 0) then set(method, 'probe', 0) end
    if ARGV[4] ~= '' then set(method, 'used', ARGV[4], 'reset', now + tonumber(ARGV[5])) end
    return ''
end

if ARGV[2] == 'throttled' then
    -- rate, threshold: the portal answered 503, so its bucket is full and its rate lower than was thought
    set(portal, 'slow', math.max(MIN_FACTOR, factor() / 2), 'slow_at', now, 'level', ARGV[4], 'at', now)
    return ''
end

if ARGV[2] == 'blocked' then
    -- seconds to wait at least, operating limit: the portal answered that the method has used its operating time
    local used, limit = get(method, 'used', 0), tonumber(ARGV[4])
    -- An old figure, from before others used it up, says nothing of the limit.
    if used > limit / 4 and now < get(method, 'reset', 0) then set(method, 'limit', used, 'limit_at', now) end
    set(method, 'blocked', math.max(now + tonumber(ARGV[3]), get(method, 'reset', 0)), 'probe', 1, 'probe_until', 0)
    return tostring(get(method, 'blocked', now) - now)
end

-- slower: an answer was lost although the batch of so many commands had begun, so half as many go next
local each = get(portal, 'each', 0)
set(portal, 'each', math.max(each, math.min(SEND_SECONDS, math.max(each, SEND_SECONDS / tonumber(ARGV[3])) * 2)))
return ''
