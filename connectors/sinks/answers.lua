-- Takes the answers of one source to records of one input partition, each once, in any order.
-- KEYS: seen offsets, latest answer, stream of answers, then one key for each answer's clip, or ''
-- ARGV: window, expiry in seconds, length of the stream, then an offset and a text for each answer
-- Returns how many answers were new.
local seen, latest, stream = KEYS[1], KEYS[2], KEYS[3]
local window, expiry, length = tonumber(ARGV[1]), ARGV[2], ARGV[3]

local top = redis.call('ZREVRANGE', seen, 0, 0)[1]
local newest = top and tonumber(top) or -1
local newest_text = nil
local taken = 0

for i = 1, #KEYS - 3 do
  local offset, text, clip = ARGV[2 + 2 * i], ARGV[3 + 2 * i], KEYS[3 + i]
  local number = tonumber(offset)
  -- below the window nothing is remembered: only a repeat comes so late
  if number > newest - window and not redis.call('ZSCORE', seen, offset) then
    -- first what may fail: a key of another type; a script's writes are not undone
    redis.call('XADD', stream, 'MAXLEN', '~', length, '*', 'match', text)
    redis.call('ZADD', seen, number, offset)
    taken = taken + 1
    if number > newest then
      newest, newest_text = number, text
      if clip ~= '' then redis.call('SET', clip, text, 'EX', expiry) end
    elseif clip ~= '' then
      redis.call('SET', clip, text, 'EX', expiry, 'NX')
    end
  end
end

if newest_text then
  redis.call('SET', latest, newest_text, 'EX', expiry)
  redis.call('ZREMRANGEBYSCORE', seen, '-inf', newest - window)
end
if taken > 0 then
  redis.call('EXPIRE', seen, expiry)
  redis.call('EXPIRE', stream, expiry)
end
return taken
