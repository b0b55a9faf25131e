"""What Redis does in one go with workers' leases, calls' records and shared counts."""

JOIN = """
local prefix, worker, session, who, token, most =
    ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local DAYS = 172800
local function running(set)
    local found = {}
    for _, one in ipairs(redis.call('SMEMBERS', set)) do
        local owner, over = unpack(redis.call('HMGET', prefix .. ':call:' .. one, 'worker', 'over'))
        if owner and not over then found[#found + 1] = one else redis.call('SREM', set, one) end
    end
    return found
end
local of, by = prefix .. ':of:' .. who, prefix .. ':by:' .. token
local superseded, gives_way = {}, {}
if token ~= '' then superseded = running(by) end
for _, one in ipairs(superseded) do gives_way[one] = true end
local staying = 0
for _, one in ipairs(running(of)) do if not gives_way[one] then staying = staying + 1 end end
if most > 0 and staying >= most then return {'full'} end
local call = prefix .. ':call:' .. session
redis.call('HSET', call, 'worker', worker, unpack(ARGV, 7))
redis.call('SADD', of, session)
redis.call('SADD', prefix .. ':calls', session)
if token ~= '' then redis.call('SADD', by, session) end
for _, key in ipairs({call, of, by}) do redis.call('EXPIRE', key, DAYS) end
return {'joined', unpack(superseded)}
"""
"""Arguments: worker, session, whom, bound token or nothing, most calls of that person or 0, then
the record's fields."""

LEAVE = """
local prefix, worker, session, comes_back = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local call = prefix .. ':call:' .. session
if redis.call('HGET', call, 'worker') ~= worker then return 0 end
if comes_back == '1' then
    redis.call('HSET', call, 'worker', '', 'lost_at', redis.call('TIME')[1])
else
    -- Kept for a while, so that nobody else may speak for it.
    redis.call('HSET', call, 'over', 1)
    redis.call('EXPIRE', call, 600)
    redis.call('SREM', prefix .. ':calls', session)
end
return 1
"""

LET_GO = """
local prefix, worker, session = ARGV[1], ARGV[2], ARGV[3]
local call = prefix .. ':call:' .. session
if redis.call('HGET', call, 'worker') ~= worker then return 0 end
redis.call('HSET', call, 'worker', '', 'lost_at', redis.call('TIME')[1])
return 1
"""

TAKE_OVER = """
local prefix, worker, session = ARGV[1], ARGV[2], ARGV[3]
local call = prefix .. ':call:' .. session
local owner, over = unpack(redis.call('HMGET', call, 'worker', 'over'))
if not owner or over then return {'gone', ''} end
if owner ~= '' and owner ~= worker and ARGV[4] ~= '1'
    and redis.call('EXISTS', prefix .. ':worker:' .. owner) == 1 then
    return {'owned', owner}
end
redis.call('HSET', call, 'worker', worker)
redis.call('HDEL', call, 'lost_at')
return {'taken', owner}
"""
"""Arguments: worker, session, 1 to take it from whoever has it."""

RENEW = """
local prefix, worker, lease_ms, about = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
redis.call('SET', prefix .. ':worker:' .. worker, about, 'PX', lease_ms)
redis.call('SADD', prefix .. ':workers', worker)
local unknown, lost = {}, {}
for at = 5, #ARGV do
    local call = prefix .. ':call:' .. ARGV[at]
    local owner = redis.call('HGET', call, 'worker')
    if not owner then
        unknown[#unknown + 1] = ARGV[at]
    elseif owner ~= worker then
        lost[#lost + 1] = ARGV[at]
    else
        redis.call('SADD', prefix .. ':calls', ARGV[at])
        redis.call('EXPIRE', call, 172800)
    end
end
return {unknown, lost}
"""
"""Arguments: worker, lease in ms, what is told of it, sessions that run there."""

RETIRE = """
redis.call('DEL', ARGV[1] .. ':worker:' .. ARGV[2])
redis.call('SREM', ARGV[1] .. ':workers', ARGV[2])
"""

WORKERS = """
local prefix, found = ARGV[1], {}
for _, worker in ipairs(redis.call('SMEMBERS', prefix .. ':workers')) do
    local about = redis.call('GET', prefix .. ':worker:' .. worker)
    if about then
        found[#found + 1] = about
    else
        redis.call('SREM', prefix .. ':workers', worker)
    end
end
return found
"""

FIND = """
local prefix, call = ARGV[1], ARGV[1] .. ':call:' .. ARGV[2]
if redis.call('HEXISTS', call, 'over') == 1 then return {{}, ''} end
local owner = redis.call('HGET', call, 'worker')
local about = owner and owner ~= '' and redis.call('GET', prefix .. ':worker:' .. owner)
return {redis.call('HGETALL', call), about or ''}
"""

LAPSED = """
local prefix, worker, grace_s = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now, claimed = tonumber(redis.call('TIME')[1]), {}
for _, session in ipairs(redis.call('SMEMBERS', prefix .. ':calls')) do
    local call = prefix .. ':call:' .. session
    local owner, lost_at, wait_s =
        unpack(redis.call('HMGET', call, 'worker', 'lost_at', 'resume_within_s'))
    if not owner then
        redis.call('SREM', prefix .. ':calls', session)
    elseif owner ~= '' and redis.call('EXISTS', prefix .. ':worker:' .. owner) == 1 then
        redis.call('HDEL', call, 'lost_at')
    elseif not lost_at then
        redis.call('HSET', call, 'lost_at', now)
    elseif now - tonumber(lost_at) > tonumber(wait_s or 0) + grace_s then
        redis.call('HSET', call, 'worker', worker, 'over', 1)
        redis.call('EXPIRE', call, 600)
        redis.call('SREM', prefix .. ':calls', session)
        claimed[#claimed + 1] = session
    end
end
return claimed
"""
"""Calls that nobody has and nobody came back to: each is told to one worker, which ends it."""

TAKE = """
local prefix, now, left_of = ARGV[1], redis.call('TIME'), {}
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
for at = 2, #ARGV, 4 do
    local key = prefix .. ':bucket:' .. ARGV[at]
    local cost, burst, refill_s =
        tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local left, since = unpack(redis.call('HMGET', key, 'left', 'at'))
    left = left and math.min(burst, tonumber(left) + math.max(0, now - since) / refill_s) or burst
    if cost ~= 0 then
        left = math.max(0, math.min(burst, left - cost))
        redis.call('HSET', key, 'left', left, 'at', now)
        redis.call('EXPIRE', key, math.ceil((burst - left) * refill_s) + 1)
    end
    left_of[#left_of + 1] = tostring(left)
end
return left_of
"""
"""Arguments, four of each bucket: its key, what is taken out, what it holds, seconds for one more.
Returns what is left in each."""
