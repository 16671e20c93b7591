"""The steps of the ledger that Redis does in one: each is a Lua script, and happens wholly or not at all.

ARGV[1] is always the prefix of all keys; scripts name keys themselves, so the ledger wants one server with its
replicas, not a cluster. A full server refuses a script's first write where that needs memory, and no later one:
what makes room (finishing, ending, forgetting) therefore begins with a write that needs none.
"""

from __future__ import annotations

from judge_service.jobs.base import LOST, POISON

BASICS = """
local P = ARGV[1]
local FINAL = {completed = true, failed = true, expired = true, cancelled = true}
local LEVELS = {'high', 'normal', 'low'}
local function todo(level) return P .. 'todo:' .. LEVELS[tonumber(level)] end
local function after(now, seconds) return string.format('%.6f', tonumber(now) + tonumber(seconds)) end
"""

# Entering states and writing lines; `now` is a text and stays one, so that no digit is lost.
_STATES = f"""{BASICS}
local function enter(at, job, state, now)
  local due = 0
  if state ~= 'in_progress' then redis.call('ZREM', P .. 'open', job) end
  if FINAL[state] then
    redis.call('UNLINK', at .. ':in', at .. ':done')
    due = after(now, redis.call('HGET', at, 'kept_s'))
  elseif state == 'in_progress' then
    due = redis.call('HGET', at, 'expires')
    redis.call('ZADD', P .. 'open', redis.call('HGET', at, 'serial'), job)
  end
  redis.call('HSET', at, 'state', state, 'at:' .. state, now)
  redis.call('HINCRBY', at, 'version', 1)
  redis.call('ZADD', P .. 'due', due, job)
end
local function end_where_done(at, job, now)
  local f = redis.call('HMGET', at, 'state', 'ending', 'completed', 'failed', 'items', 'rejected')
  if FINAL[f[1]] or f[1] == 'validating' or f[3] + f[4] < f[5] + f[6] then return end
  if f[1] == 'in_progress' then enter(at, job, 'finalizing', now) end
  enter(at, job, f[2], now)
end
local function add_to(at, field, known)
  if known == '' then return 1 end
  redis.call('HINCRBY', at, field, known)
  return 0
end
local function write(at, a)
  local kind, blob, size, outcome = ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3]
  local lines = redis.call('RPUSH', at .. ':' .. kind, blob)
  local bytes = redis.call('HINCRBY', at, kind .. '_bytes', size)
  if (lines - 1) % 64 == 0 then redis.call('RPUSH', at .. ':' .. kind .. ':marks', bytes - size) end
  redis.call('HINCRBY', at, kind == 'results' and 'completed' or 'failed', 1)
  redis.call('HINCRBY', at .. ':outcomes', outcome, 1)
  local unread = add_to(at, 'input_tokens', ARGV[a + 4])
  local unwritten = add_to(at, 'output_tokens', ARGV[a + 5])
  if unread + unwritten > 0 then redis.call('HINCRBY', at, 'uncounted', 1) end
  if add_to(at, 'microusd', ARGV[a + 6]) > 0 then redis.call('HINCRBY', at, 'unpriced', 1) end
end
"""
LINE_PARTS = 7  # ARGV that `write` reads
MARK_EVERY = 64  # lines

DRAW = """
local at = ARGV[1] .. 'j:' .. ARGV[2]
local need, most, cap = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if redis.call('EXISTS', at) == 0 then return 0 end
local left = cap - (tonumber(redis.call('HGET', at, 'drawn') or '0'))
if need > left then return 0 end
local drawn = math.min(most, left)
redis.call('HINCRBY', at, 'drawn', string.format('%d', drawn))
return drawn
"""

# An item is finished once because its bit is set once; it may be missing, which must not keep its job from ending.
# Who saw none there may have seen it finished by a server that failed since, and this one has it still: no line is
# written then. Where there are fewer bits than ends, bits were lost: an item that is missing had its end before.
FINISH = f"""{_STATES}
local job, index, level, id, now = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local at = P .. 'j:' .. job
if ARGV[10] == '{LOST}' and redis.call('HEXISTS', at .. ':in', index) == 1 then return 0 end
if level ~= '0' then
  redis.call('XACK', todo(level), 'workers', id)
  redis.call('XDEL', todo(level), id)
end
local missing = redis.call('HDEL', at .. ':in', index) == 0
local f = redis.call('HMGET', at, 'state', 'completed', 'failed', 'rejected')
if not f[1] or FINAL[f[1]] then return 0 end
local forgot = missing and redis.call('BITCOUNT', at .. ':done') < f[2] + f[3] - f[4]
if redis.call('SETBIT', at .. ':done', index, 1) == 1 or forgot then return 0 end
redis.call('HINCRBY', at, 'version', 1)
write(at, 7)
if ARGV[10] == '{POISON}' then
  redis.call('XADD', P .. 'dead', 'MAXLEN', '~', 10000, '*', 'j', job, 'i', index, 'at', now)
end
end_where_done(at, job, now)
return 1
"""

END = f"""{_STATES}
local job, ending, now = ARGV[2], ARGV[3], ARGV[4]
local at = P .. 'j:' .. job
local state = redis.call('HGET', at, 'state')
if state ~= 'in_progress' and state ~= 'validating' then return 0 end
redis.call('ZREM', P .. 'open', job)
redis.call('HSET', at, 'ending', ending)
redis.call('HINCRBY', at, 'version', 1)
if state == 'validating' then return 1 end
enter(at, job, ending == 'cancelled' and 'cancelling' or 'finalizing', now)
end_where_done(at, job, now)
return 1
"""

BEGIN = f"""{BASICS}
local job, tenant, lease = ARGV[2], ARGV[3], ARGV[4]
local at = P .. 'j:' .. job
if redis.call('EXISTS', at) == 1 then return 0 end
local serial = redis.call('INCR', P .. 'serial')
for _, field in ipairs({{'items', 'next', 'rejected', 'completed', 'failed', 'input_tokens', 'output_tokens',
    'microusd', 'uncounted', 'unpriced', 'results_bytes', 'errors_bytes', 'due'}}) do
  redis.call('HSET', at, field, 0)
end
redis.call('HSET', at, 'serial', serial, 'state', 'validating', 'ending', 'completed', 'version', 1, 'faults', '[]',
  'tenant', tenant, unpack(ARGV, 5))
redis.call('ZADD', P .. 't:' .. tenant, serial, job)
redis.call('ZADD', P .. 'due', lease, job)
return 1
"""

# A call that is made again finds its first item there: then all of it is, its bad lines as well.
ADD = f"""{_STATES}
local job, lease, first, items, rejected = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local at = P .. 'j:' .. job
if redis.call('HGET', at, 'state') ~= 'validating' then return 0 end
for n = 0, items - 1 do
  if redis.call('HSETNX', at .. ':in', first + n, ARGV[7 + n]) == 0 and n == 0 then return 1 end
end
for n = 0, rejected - 1 do write(at, 7 + items + n * {LINE_PARTS}) end
redis.call('HINCRBY', at, 'rejected', rejected)
redis.call('HINCRBY', at, 'version', 1)
redis.call('ZADD', P .. 'due', lease, job)
return 1
"""

# Items may be missing only where a failover lost what was added: such a job could never end.
OPEN = f"""{_STATES}
local job, items, now, key, settled, until_ = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local at = P .. 'j:' .. job
if redis.call('HGET', at, 'state') ~= 'validating' then return 0 end
if redis.call('HLEN', at .. ':in') ~= items then return -1 end
redis.call('HSET', at, 'items', items)
enter(at, job, 'in_progress', now)
if key ~= '' then
  local held = redis.call('HGET', P .. 'keys', key)
  if not held or held:match('^[^\\n]*\\n[^\\n]*\\n(.*)$') == job then
    redis.call('HSET', P .. 'keys', key, settled)
    redis.call('ZADD', P .. 'keys:until', until_, key)
    redis.call('HSET', at, 'key', key)
  end
end
if redis.call('HGET', at, 'ending') == 'cancelled' then enter(at, job, 'cancelling', now) end
end_where_done(at, job, now)
return 1
"""

FAIL = f"""{_STATES}
local job, faults, now = ARGV[2], ARGV[3], ARGV[4]
local at = P .. 'j:' .. job
if redis.call('HGET', at, 'state') ~= 'validating' then return 0 end
redis.call('UNLINK', at .. ':in')
redis.call('HSET', at, 'faults', faults)
enter(at, job, 'failed', now)
return 1
"""

FORGET = f"""{BASICS}
local job = ARGV[2]
local at = P .. 'j:' .. job
local f = redis.call('HMGET', at, 'tenant', 'key')
redis.call('UNLINK', at, at .. ':in', at .. ':done', at .. ':outcomes', at .. ':results', at .. ':results:marks',
  at .. ':errors', at .. ':errors:marks')
redis.call('ZREM', P .. 'open', job)
redis.call('ZREM', P .. 'due', job)
if f[1] then redis.call('ZREM', P .. 't:' .. f[1], job) end
if f[2] then
  redis.call('HDEL', P .. 'keys', f[2])
  redis.call('ZREM', P .. 'keys:until', f[2])
end
return 1
"""

RECORD = f"""{BASICS}
local at = P .. 'j:' .. ARGV[2]
return {{redis.call('HGETALL', at), redis.call('HGETALL', at .. ':outcomes')}}
"""

# A key's value: until when, the digest of the body (none while it is received), the job.
RESERVE = f"""{BASICS}
local key, job, now, until_ = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
for _, old in ipairs(redis.call('ZRANGEBYSCORE', P .. 'keys:until', '-inf', now, 'LIMIT', 0, 16)) do
  redis.call('ZREM', P .. 'keys:until', old)
  redis.call('HDEL', P .. 'keys', old)
end
local held = redis.call('HGET', P .. 'keys', key)
if held then
  local lease, digest, known = held:match('^([^\\n]*)\\n([^\\n]*)\\n(.*)$')
  if tonumber(lease) > now and (known ~= job or digest ~= '') then return {{known, digest}} end
end
redis.call('HSET', P .. 'keys', key, until_ .. '\\n\\n' .. job)
redis.call('ZADD', P .. 'keys:until', until_, key)
return {{}}
"""

UNRESERVE = f"""{BASICS}
local key, job = ARGV[2], ARGV[3]
local held = redis.call('HGET', P .. 'keys', key)
if not held or held:match('^[^\\n]*\\n\\n(.*)$') ~= job then return 0 end
redis.call('HDEL', P .. 'keys', key)
return redis.call('ZREM', P .. 'keys:until', key)
"""
