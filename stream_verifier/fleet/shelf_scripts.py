"""What Redis does in one go with attached rooms and their leases."""

PUT = """
local prefix, worker, room, place, most, lease_ms =
    ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local at, key = prefix .. ':room-at:' .. place, prefix .. ':room:' .. room
local other = redis.call('GET', at)
if other and other ~= room and redis.call('EXISTS', prefix .. ':room:' .. other) == 1 then
    return 'attached'
end
if redis.call('SCARD', prefix .. ':rooms') >= most
    and redis.call('SISMEMBER', prefix .. ':rooms', room) == 0 then
    return 'full'
end
redis.call('SET', at, room)
redis.call('HSET', key, 'worker', worker, 'place', place, 'sealed', ARGV[7], 'told', ARGV[8],
    'calls', ARGV[9])
redis.call('SADD', prefix .. ':rooms', room)
redis.call('SET', prefix .. ':room-lease:' .. room, worker, 'PX', lease_ms)
return 'put'
"""
"""Arguments: worker, room, its place, most rooms, lease in ms, sealed, told, calls."""

RENEW = """
local prefix, worker, lease_ms = ARGV[1], ARGV[2], ARGV[3]
local detached, taken, unknown = {}, {}, {}
for at = 4, #ARGV, 3 do
    local room = ARGV[at]
    local key, lease = prefix .. ':room:' .. room, prefix .. ':room-lease:' .. room
    local owner = redis.call('HGET', key, 'worker')
    if not owner then
        local gone = redis.call('EXISTS', prefix .. ':room-gone:' .. room) == 1
        local list = gone and detached or unknown
        list[#list + 1] = room
    elseif owner ~= worker then
        taken[#taken + 1] = room
    else
        redis.call('SET', lease, worker, 'PX', lease_ms)
        redis.call('HSET', key, 'told', ARGV[at + 1], 'calls', ARGV[at + 2])
    end
end
return {detached, taken, unknown}
"""
"""Arguments: worker, lease in ms, then of each room its id, what is told of it, and its calls."""

LIST = """
local prefix, only_free, found = ARGV[1], ARGV[2] == '1', {}
for _, room in ipairs(redis.call('SMEMBERS', prefix .. ':rooms')) do
    local held = redis.call('EXISTS', prefix .. ':room-lease:' .. room) == 1
    if not (only_free and held) then
        local sealed, told, calls =
            unpack(redis.call('HMGET', prefix .. ':room:' .. room, 'sealed', 'told', 'calls'))
        if sealed then
            found[#found + 1] = {room, sealed, told, calls}
        else
            redis.call('SREM', prefix .. ':rooms', room)
        end
    end
end
return found
"""
"""Argument: 1 for those alone whose lease has lapsed."""

CLAIM = """
local prefix, worker, room, lease_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local key = prefix .. ':room:' .. room
if redis.call('EXISTS', key) == 0 then return 0 end
if not redis.call('SET', prefix .. ':room-lease:' .. room, worker, 'PX', lease_ms, 'NX') then
    return 0
end
redis.call('HSET', key, 'worker', worker)
return 1
"""

RELEASE = """
local prefix, worker, room = ARGV[1], ARGV[2], ARGV[3]
local lease = prefix .. ':room-lease:' .. room
if redis.call('GET', lease) ~= worker then return 0 end
redis.call('HSET', prefix .. ':room:' .. room, 'worker', '')
return redis.call('DEL', lease)
"""

DROP = """
local prefix, room = ARGV[1], ARGV[2]
local key = prefix .. ':room:' .. room
local place, sealed, told, calls =
    unpack(redis.call('HMGET', key, 'place', 'sealed', 'told', 'calls'))
if not place then return {} end
redis.call('DEL', key, prefix .. ':room-lease:' .. room)
redis.call('SREM', prefix .. ':rooms', room)
if redis.call('GET', prefix .. ':room-at:' .. place) == room then
    redis.call('DEL', prefix .. ':room-at:' .. place)
end
-- Tells a room that was detached from one that a Redis has forgotten.
redis.call('SET', prefix .. ':room-gone:' .. room, 1, 'EX', 86400)
return {room, sealed, told, calls}
"""
