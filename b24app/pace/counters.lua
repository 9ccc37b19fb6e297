-- Count one of each limit, or none where one of them is full, for several questions (b24app/pace/counters.py).
--
-- KEYS: for each question a key a limit and, where it is asked for, that of a wake-up, of which it may be the first.
-- ARGV: the caller's clock and the seconds that a wake-up stands for; then for each question how many limits it has and
-- whether it asks for a wake-up (1 or 0), and for each limit its size, the seconds in which one leaves the bucket (0: a
-- minute of the clock), and the seconds that are left of this minute.
-- Answers for each question the number of the limit that is full (0: none), the seconds until it is not, and whether it
-- is the first to wake.
local now, wake_seconds = tonumber(ARGV[1]), tonumber(ARGV[2])
local key, argument = 0, 2

local function next_value(stored, size, interval, left)
  if interval == 0 then
    return stored + 1, stored + 1 > size and left or 0, left
  end
  local value = math.max(stored, now) + interval
  return value, value - now - size * interval, value - now
end

local function answer(limits)
  local values = {}
  for number = 1, limits do
    local at = argument + 3 * (number - 1)
    local stored = tonumber(redis.call('get', KEYS[key + number]) or 0)
    local value, wait, stays =
      next_value(stored, tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]))
    if wait > 0.000001 then return number, wait end
    values[number] = {string.format('%.6f', value), math.ceil(stays * 1000)}
  end
  for number = 1, limits do
    redis.call('set', KEYS[key + number], values[number][1], 'px', values[number][2])
  end
  return 0, 0
end

local answers = {}
while argument < #ARGV do
  local limits, wakes = tonumber(ARGV[argument + 1]), tonumber(ARGV[argument + 2])
  argument = argument + 2
  local full, wait = answer(limits)
  local first = wakes == 1 and full == 0 and redis.call('set', KEYS[key + limits + 1], 1, 'nx', 'ex', wake_seconds)
  answers[#answers + 1] = {full, string.format('%.6f', wait), first and 1 or 0}
  key, argument = key + limits + wakes, argument + 3 * limits
end
return answers
