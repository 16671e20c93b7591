"""The steps between the ledger and its streams that Redis does in one.

A stream's entry holds a job's id and an item's index, no more. An entry is the last consumer's it was delivered
to until it has been idle for the lease. Entries whose item needs nobody any more are dropped where they are met.
"""

from __future__ import annotations

from judge_service.jobs.redis_scripts import BASICS

# Groups that a Redis lost are made again before anything is read or given; what their streams hold goes out anew.
_QUEUES = f"""{BASICS}
local G = 'workers'
for level = 1, 3 do
  if redis.pcall('XPENDING', todo(level), G).err then
    redis.call('XGROUP', 'CREATE', todo(level), G, '0', 'MKSTREAM')
  end
end
local function drop(level, id)
  redis.call('XACK', todo(level), G, id)
  redis.call('XDEL', todo(level), id)
end
local function wanted(job, index)
  local at = P .. 'j:' .. job
  return redis.call('HGET', at, 'state') == 'in_progress' and redis.call('GETBIT', at .. ':done', index) == 0
end
local given = {{}}
local function give(level, entry, deliveries)
  given[#given + 1] = {{level, entry[1], entry[2][2], entry[2][4], deliveries}}
end
"""

# First what lapsed. Then, where there is room for more, what the dealing must know: the jobs of all entries that
# are in no hands, and how each open job stands.
LOOK = f"""{_QUEUES}
local worker, most, lease = ARGV[2], tonumber(ARGV[3]), ARGV[4]
for level = 1, 3 do
  repeat -- for those that are dropped make room for others
    local left = most - #given
    local lapsed = left > 0 and redis.call('XPENDING', todo(level), G, 'IDLE', lease, '-', '+', left) or {{}}
    for _, p in ipairs(lapsed) do
      local entry = redis.call('XRANGE', todo(level), p[1], p[1])[1]
      if entry and wanted(entry[2][2], entry[2][4]) then
        redis.call('XCLAIM', todo(level), G, worker, 0, p[1], 'RETRYCOUNT', p[4] + 1, 'JUSTID')
        give(level, entry, p[4] + 1)
      else
        drop(level, p[1])
      end
    end
  until #lapsed == 0
end
if #given == most then return {{given, {{}}, {{}}}} end
local queued, standings = {{}}, {{}}
for level = 1, 3 do
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', todo(level))) do
    local told = {{}}
    for n = 1, #group, 2 do told[group[n]] = group[n + 1] end
    if told['name'] == G then
      local from = '(' .. told['last-delivered-id']
      for _, entry in ipairs(redis.call('XRANGE', todo(level), from, '+', 'COUNT', 1000)) do
        queued[#queued + 1] = entry[2][2]
      end
    end
  end
end
for _, job in ipairs(redis.call('ZRANGE', P .. 'open', 0, -1)) do
  local f = redis.call('HMGET', P .. 'j:' .. job, 'tenant', 'priority', 'items', 'next', 'completed', 'failed',
    'rejected', 'due', 'concurrency', 'per_minute')
  if f[3] and tonumber(f[5]) + f[6] - f[7] < tonumber(f[3]) then standings[#standings + 1] = {{job, unpack(f)}} end
end
return {{given, queued, standings}}
"""

# Each dealt job: id, level, what `next` was when it was dealt (who comes second deals nothing), how many, and
# until when its rate is used. Then the order of the places, by the numbers of these jobs.
GIVE = f"""{_QUEUES}
local worker, most, jobs = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local dealt = {{}}
for n = 1, jobs do
  local job, level, expected, places, due = unpack(ARGV, n * 5, n * 5 + 4)
  local f = redis.call('HMGET', P .. 'j:' .. job, 'state', 'next')
  if f[1] == 'in_progress' and f[2] == expected then
    redis.call('HSET', P .. 'j:' .. job, 'next', expected + places, 'due', due)
    dealt[n] = {{job = job, level = level, index = tonumber(expected)}}
  end
end
for n = jobs * 5 + 5, #ARGV do
  local to = dealt[tonumber(ARGV[n])]
  if to then
    if redis.call('GETBIT', P .. 'j:' .. to.job .. ':done', to.index) == 0 then
      redis.call('XADD', todo(to.level), '*', 'j', to.job, 'i', to.index)
    end
    to.index = to.index + 1
  end
end
for level = 1, 3 do
  while #given < most do
    local got = redis.call('XREADGROUP', 'GROUP', G, worker, 'COUNT', most - #given, 'STREAMS', todo(level), '>')
    if not got then break end
    for _, entry in ipairs(got[1][2]) do
      if wanted(entry[2][2], entry[2][4]) then give(level, entry, 1) else drop(level, entry[1]) end
    end
  end
end
return given
"""

# Only what is still the worker's: who was silent for too long takes nothing back from whom it was given to.
PULSE = f"""{BASICS}
local worker, now, alive = ARGV[2], ARGV[3], ARGV[4]
redis.call('ZREMRANGEBYSCORE', P .. 'workers', '-inf', now)
redis.call('ZADD', P .. 'workers', alive, worker)
for n = 5, #ARGV, 2 do
  local stream, id = todo(ARGV[n]), ARGV[n + 1]
  local held = redis.pcall('XPENDING', stream, 'workers', id, id, 1, worker)
  if held[1] then redis.call('XCLAIM', stream, 'workers', worker, 0, id, 'JUSTID') end
end
return 1
"""

# Idle for longer than any lease, so that the next who asks has it; one delivery less, for this was none.
HAND_BACK = f"""{BASICS}
local worker = ARGV[2]
for n = 3, #ARGV, 2 do
  local stream, id = todo(ARGV[n]), ARGV[n + 1]
  local held = redis.pcall('XPENDING', stream, 'workers', id, id, 1, worker)
  if held[1] then
    redis.call('XCLAIM', stream, 'workers', 'abandoned', 0, id, 'IDLE', 86400000, 'RETRYCOUNT', held[1][4] - 1,
      'JUSTID')
  end
end
return 1
"""

# Of items that no entry was found for, those that still want one get it.
GIVE_OUT_AGAIN = f"""{_QUEUES}
local level, job, added = ARGV[2], ARGV[3], 0
for n = 4, #ARGV do
  if wanted(job, ARGV[n]) then
    redis.call('XADD', todo(level), '*', 'j', job, 'i', ARGV[n])
    added = added + 1
  end
end
return added
"""

# Whoever mends for longer than the lock lasts finds that of another there, and leaves it.
UNLOCK = f"""{BASICS}
if redis.call('GET', P .. 'mending') == ARGV[2] then return redis.call('DEL', P .. 'mending') end
return 0
"""

# Consumers that hold nothing and that nobody answers to; one that is wrongly taken for such is made again.
TIDY = f"""{_QUEUES}
for level = 1, 3 do
  for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', todo(level), G)) do
    local told = {{}}
    for n = 1, #consumer, 2 do told[consumer[n]] = consumer[n + 1] end
    if told['pending'] == 0 and not redis.call('ZSCORE', P .. 'workers', told['name']) then
      redis.call('XGROUP', 'DELCONSUMER', todo(level), G, told['name'])
    end
  end
end
return 1
"""
