-- Count one of each limit, or none where one of them is full (b24app/pace/counters.py).
--
-- KEYS: a key a limit; behind them, where it is asked for, that of a wake-up, of which this caller may be the first.
-- ARGV: the caller's clock, the seconds that a wake-up stands for (0: none is asked for), then for each limit its size,
-- the seconds in which one leaves the bucket (0: a minute of the clock), and the seconds that are left of this minute.
-- Answers the number of the limit that is full (0: none), the seconds until it is not, and whether the caller is first.
local now, wake = tonumber(ARGV[1]), tonumber(ARGV[2])
local limits = (#ARGV - 2) / 3
local values = {}
for number = 1, limits do
  local size, interval, left = tonumber(ARGV[3 * number]), tonumber(ARGV[3 * number + 1]), tonumber(ARGV[3 * number + 2])
  local stored = tonumber(redis.call('get', KEYS[number]) or 0)
  local value, wait, stays
  if interval == 0 then
    value, stays = stored + 1, left
    wait = value > size and left or 0
  else
    value = math.max(stored, now) + interval
    stays = value - now
    wait = stays - size * interval
  end
  if wait > 0.000001 then return {number, string.format('%.6f', wait), 0} end
  values[number] = {string.format('%.6f', value), math.ceil(stays * 1000)}
end
for number = 1, limits do
  redis.call('set', KEYS[number], values[number][1], 'px', values[number][2])
end
local first = wake > 0 and redis.call('set', KEYS[limits + 1], 1, 'nx', 'ex', wake)
return {0, '0', first and 1 or 0}
