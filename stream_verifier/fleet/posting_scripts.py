"""What Redis does in one go with the lanes of webhooks and their leases."""

_KEYS = """
local prefix, worker, lane = ARGV[1], ARGV[2], ARGV[3]
local key, lease = prefix .. ':posted:' .. lane, prefix .. ':posting:' .. lane
"""

TAKE = (
    _KEYS
    + """
local owner = redis.call('GET', lease)
if owner and owner ~= worker then
    return false
end
redis.call('SET', lease, worker, 'PX', ARGV[4])
redis.call('HSETNX', key, 'epoch', ARGV[5])
redis.call('HSETNX', key, 'cursor', ARGV[6])
redis.call('HSET', key, 'worker', worker)
return redis.call('HMGET', key, 'epoch', 'cursor')
"""
)
"""Arguments: worker, lane, lease in ms, where to begin: epoch and cursor."""

NOTE = (
    _KEYS
    + """
if redis.call('HGET', key, 'worker') == worker then
    redis.call('HSET', key, 'epoch', ARGV[4], 'cursor', ARGV[5])
end
return 1
"""
)
"""Arguments: worker, lane, epoch and cursor of what was posted last."""

RENEW = (
    _KEYS
    + """
if redis.call('HGET', key, 'worker') ~= worker then
    return 0
end
redis.call('SET', lease, worker, 'PX', ARGV[4])
return 1
"""
)
"""Arguments: worker, lane, lease in ms. One that lapsed and nobody took is taken back."""

RELEASE = (
    _KEYS
    + """
if redis.call('GET', lease) == worker then
    redis.call('DEL', lease)
end
return 1
"""
)
"""Arguments: worker, lane."""
