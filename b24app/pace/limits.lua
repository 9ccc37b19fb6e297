-- Whether a portal may be sent to now. All times are in seconds, by Redis' own clock and `ahead` of it (a simulation's).
--
-- KEYS[1]  the portal: level, at (of its bucket), slow, slow_at (the learned factor of its rate), throttled_at (its last
--          503), seconds_per_command
-- then for each method
--   a hash of it: used, reset (operating time), next, blocked, probe, probe_until, limit, limit_at, reserved
--   a set: operating time reserved for requests in flight: "number:seconds" by the time when it is forgotten
-- ARGV     ahead, the action (see `actions`), and its arguments (b24app/pace/limits.py, usage.py)

local RECOVER = 60         -- a rate that was lowered to nothing is whole again after so many seconds
local MIN_FACTOR = 0.25
local TOGETHER = 0.9       -- a 503 so soon after another one answers a request that was sent before that; a portal is
                           -- paused for longer (b24app/portal/hold.py)
local LEARNED_FOR = 3600   -- a limit that was learned from a block is believed so long
local RESERVED_FOR = 80    -- a request that was not answered by then is not in flight any more
local FREE_SHARE = 0.75    -- up to this share of the operating limit nothing is slowed down
local SEND_SECONDS = 10    -- a batch is sized to end within this
local BLIND_COMMANDS = 5   -- after a reset, until the portal has told what is used now
local PROBE_FOR = 30       -- after a block one command goes alone; so long others wait for what it brings
local MIN_SECONDS_PER_COMMAND = 0.001     -- no command costs less

local time = redis.call('time')
local now = time[1] + time[2] / 1000000 + tonumber(ARGV[1])
local portal = KEYS[1]

local function get(key, field, default)
    return tonumber(redis.call('hget', key, field) or default) or default
end

local function set(key, ...)
    redis.call('hset', key, ...)
    redis.call('expire', key, LEARNED_FOR + 600)
end

-- The methods that the keys name, in their order.
local function methods()
    local named = {}
    for number = 2, #KEYS, 2 do table.insert(named, {hash = KEYS[number], reservations = KEYS[number + 1]}) end
    return named
end

local function factor()
    local slow = get(portal, 'slow', 1)
    return math.min(1, slow + (now - get(portal, 'slow_at', now)) / RECOVER)
end

-- Seconds until the bucket takes another request, and its level now.
local function bucket(rate, threshold)
    if rate <= 0 then return 0, 0 end
    rate = rate * factor()
    local level = math.max(0, get(portal, 'level', 0) - rate * math.max(0, now - get(portal, 'at', now)))
    return math.max(0, level + 1 - threshold) / rate, level
end

local function count_request(rate, level)
    if rate > 0 then set(portal, 'level', level + 1, 'at', now) end
end

local function reserved(method)
    redis.call('zremrangebyscore', method.reservations, '-inf', now)
    local seconds = 0
    for _, entry in ipairs(redis.call('zrange', method.reservations, 0, -1)) do
        seconds = seconds + tonumber(string.match(entry, ':(.*)$'))
    end
    return seconds
end

-- The limit of a method's operating time: `max_limit`, or a lower one that a block has taught.
local function operating_limit(method, max_limit)
    if now - get(method.hash, 'limit_at', -LEARNED_FOR) >= LEARNED_FOR then return max_limit end
    return math.min(max_limit, get(method.hash, 'limit', max_limit))
end

-- Of the operating time what is used as far as is known; nil after a reset.
local function operating_used(method)
    if now >= get(method.hash, 'reset', 0) then return nil end
    return get(method.hash, 'used', 0) + reserved(method)
end

-- Commands that a method's operating time allows now, and the seconds to wait where it is none.
local function operating(method, commands, seconds_per_command, max_limit)
    local hash = method.hash
    local blocked = get(hash, 'blocked', 0)
    if now < blocked then return 0, blocked - now end
    if get(hash, 'probe', 0) == 1 then
        local probing = get(hash, 'probe_until', 0)
        if now < probing then return 0, math.min(1, probing - now) end
        return 1, 0
    end
    if redis.call('hexists', hash, 'used') == 0 then return commands, 0 end
    local limit, used = operating_limit(method, max_limit), operating_used(method)
    if used == nil then
        -- Some of it has ended, how much only the portal knows.
        if get(hash, 'used', 0) > limit * FREE_SHARE then commands = math.min(commands, BLIND_COMMANDS) end
        return commands, 0
    end
    local room = math.floor((limit - used) / seconds_per_command)
    if room < 1 then return 0, get(hash, 'reset', now) - now end
    if used > limit * FREE_SHARE and now < get(hash, 'next', 0) then return 0, get(hash, 'next', 0) - now end
    return math.min(commands, room), 0
end

-- Reserve so many seconds of operating time for commands that go out now.
local function reserve(method, seconds, max_limit)
    local hash = method.hash
    local limit, used = operating_limit(method, max_limit), operating_used(method)
    local number = redis.call('hincrby', hash, 'reserved', 1)
    redis.call('zadd', method.reservations, now + RESERVED_FOR, number .. ':' .. seconds)
    redis.call('expire', method.reservations, RESERVED_FOR)
    if get(hash, 'probe', 0) == 1 then set(hash, 'probe_until', now + PROBE_FOR) end
    if used and used > limit * FREE_SHARE then
        -- What is left is spread over the time until some of what is used ends.
        set(hash, 'next', now + seconds * (get(hash, 'reset', now) - now) / math.max(limit - used, seconds))
    end
end

-- What each method is allowed, as {commands, seconds to wait}; with `counting` it is taken, and the request counted.
local function allow(counting)
    local rate, max_limit = tonumber(ARGV[3]), tonumber(ARGV[6])
    local wait, level = bucket(rate, tonumber(ARGV[4]))
    local known = get(portal, 'seconds_per_command', 0)
    local max_commands = known > 0 and math.max(1, math.floor(SEND_SECONDS / known)) or tonumber(ARGV[5])
    local seconds_per_command = math.max(known, MIN_SECONDS_PER_COMMAND)
    local allowances, allowed_commands = {}, 0
    for number, method in ipairs(methods()) do
        local commands, method_wait = 0, wait
        if wait == 0 then
            commands = math.min(tonumber(ARGV[6 + number]), max_commands)
            commands, method_wait = operating(method, commands, seconds_per_command, max_limit)
            if counting and commands > 0 then reserve(method, commands * seconds_per_command, max_limit) end
        end
        allowed_commands = allowed_commands + commands
        table.insert(allowances, {commands, tostring(method_wait)})
    end
    if counting and allowed_commands > 0 then count_request(rate, level) end
    return {tostring(known), allowances}
end

local actions = {}

-- rate, threshold, commands in one request as long as it is not known how long they take, max operating limit,
-- commands wanted of each method → {seconds per command, {{commands, seconds to wait} of each method}}
function actions.look() return allow(false) end
function actions.take() return allow(true) end

-- rate, threshold: a request that needs no operating time → seconds to wait; 0 where it may go, and is counted
function actions.take_request()
    local rate = tonumber(ARGV[3])
    local wait, level = bucket(rate, tonumber(ARGV[4]))
    if wait == 0 then count_request(rate, level) end
    return tostring(wait)
end

-- seconds per command, seconds used ('': unknown), seconds until some of them end: an answer to what was taken
function actions.note_answer()
    local method, known, new = methods()[1], get(portal, 'seconds_per_command', 0), tonumber(ARGV[3])
    redis.call('zpopmin', method.reservations) -- its own or one as good: they all end soon
    set(portal, 'seconds_per_command', new > known and new or known * 0.7 + new * 0.3)
    if now >= get(method.hash, 'blocked', 0) then set(method.hash, 'probe', 0) end
    if ARGV[4] ~= '' then set(method.hash, 'used', ARGV[4], 'reset', now + tonumber(ARGV[5])) end
end

-- rate, threshold: a request that is sent whether there is room or not
function actions.count_request()
    local rate = tonumber(ARGV[3])
    local _, level = bucket(rate, tonumber(ARGV[4]))
    count_request(rate, level)
end

-- threshold: the portal answered 503, so its bucket is full, whoever has filled it. Where that happens again although
-- our account, full since then, had room, others send as well: the rate is lower than was thought.
function actions.note_throttled()
    local since = now - get(portal, 'throttled_at', -LEARNED_FOR)
    if since > TOGETHER and since < RECOVER then
        set(portal, 'slow', math.max(MIN_FACTOR, factor() / 2), 'slow_at', now)
    end
    set(portal, 'level', ARGV[3], 'at', now, 'throttled_at', now)
end

-- seconds to wait at least, max operating limit: the portal answered that the method has used its operating time
-- → seconds until it may be tried
function actions.note_blocked()
    local hash = methods()[1].hash
    local used, reset = get(hash, 'used', 0), get(hash, 'reset', 0)
    -- An old figure, from before others used it up, says nothing of the limit.
    if used > tonumber(ARGV[4]) / 4 and now < reset then set(hash, 'limit', used, 'limit_at', now) end
    local blocked = math.max(now + tonumber(ARGV[3]), reset)
    set(hash, 'blocked', blocked, 'probe', 1, 'probe_until', 0)
    return tostring(blocked - now)
end

-- commands: an answer was lost although the batch of so many commands had begun, so half as many go next
function actions.note_slow()
    local known = get(portal, 'seconds_per_command', 0)
    local slower = math.min(SEND_SECONDS, math.max(known, SEND_SECONDS / tonumber(ARGV[3])) * 2)
    set(portal, 'seconds_per_command', math.max(known, slower))
end

-- rate, max operating limit → {level, {{seconds used, limit, unix time when some end, 1 where blocked} of each
-- method, {} where nothing is known that is true still}}; nothing is changed
function actions.state()
    local _, level = bucket(tonumber(ARGV[3]), 0)
    local states = {}
    for _, method in ipairs(methods()) do
        local blocked, reset = get(method.hash, 'blocked', 0), get(method.hash, 'reset', 0)
        local limit = operating_limit(method, tonumber(ARGV[4]))
        local state = {}
        if blocked > now then
            state = {tostring(limit), tostring(limit), tostring(blocked), 1}
        elseif reset > now then
            state = {tostring(get(method.hash, 'used', 0)), tostring(limit), tostring(reset), 0}
        end
        table.insert(states, state)
    end
    return {tostring(level), states}
end

return actions[ARGV[2]]()
