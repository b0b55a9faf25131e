"""What Redis does in one go: numbering a batch of events and keeping them, all or none."""

SCORE, LASTING, ENDED, END = "score", "lasting", "ended", "end"
"""Kinds: what gives way first, what stays, a session's last event, and an end without a word."""

APPEND = """
local prefix, worker, run_known, epoch_new = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local floor, max_scores, max_lasting, keep_s =
    tonumber(ARGV[5]), ARGV[6], ARGV[7], tonumber(ARGV[8])
local JUMPS_A_SECOND = 1048576
local log = prefix .. ':log'
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local now = tonumber(redis.call('TIME')[1])
local function text(number) return string.format('%.0f', number) end

-- Another process serves than the one that counted so far, and may have lost the newest events:
-- go on beyond all that was ever given.
local born, served = unpack(redis.call('HMGET', log, 'born', 'run'))
if not born then
    redis.call('HSET', log, 'epoch', epoch_new, 'born', now, 'run', run, 'cursor', 0, 'last', 0)
elseif served ~= run then
    local given = tonumber(redis.call('HGET', log, 'cursor'))
    local jumped = math.max(given, floor, (now - tonumber(born)) * JUMPS_A_SECOND)
    redis.call('HSET', log, 'run', run, 'cursor', text(jumped))
end
-- The last number that was given to an entry; a jump gives none.
local epoch, cursor, last_kept = unpack(redis.call('HMGET', log, 'epoch', 'cursor', 'last'))
cursor, last_kept = tonumber(cursor), tonumber(last_kept)
if run_known ~= '' and run_known ~= run then return {'moved', epoch, run, text(last_kept)} end

local fenced = {}
local function add(stream, most, ...)
    local before = last_kept
    cursor = cursor + 1
    last_kept = cursor
    redis.call('XADD', prefix .. stream, 'MAXLEN', '~', most, text(cursor) .. '-0',
        'p', text(before), 't', now, ...)
    redis.call('EXPIRE', prefix .. stream, keep_s)
end
-- Nothing stays longer than it may, however little is said; a few a time, so that no run is long.
local function expire(stream)
    for _ = 1, 16 do
        local first = redis.call('XRANGE', prefix .. stream, '-', '+', 'COUNT', 1)[1]
        if not first or tonumber(first[2][4]) >= now - keep_s then return end
        redis.call('XDEL', prefix .. stream, first[1])
    end
end
for at = 9, #ARGV, 7 do
    local session, seq = ARGV[at], tonumber(ARGV[at + 1])
    local kind, identity = ARGV[at + 2], ARGV[at + 3]
    local said = prefix .. ':said:' .. session
    local owner = redis.call('HGET', prefix .. ':call:' .. session, 'worker')
    local last, known, ended = unpack(redis.call('HMGET', said, 'seq', 'identity', 'ended'))
    if owner and owner ~= worker then
        fenced[#fenced + 1] = session
    elseif kind == 'end' then
        if last and not ended then
            redis.call('HSET', said, 'ended', 1)
            add(':lasting', max_lasting, 'x', session)
        end
    elseif seq > tonumber(last or 0) then
        if identity ~= '' then known = identity end
        redis.call('HSET', said, 'seq', seq, 'identity', known or '')
        if kind == 'ended' then redis.call('HSET', said, 'ended', 1) end
        local score = kind == 'score'
        add(score and ':scores' or ':lasting', score and max_scores or max_lasting,
            'e', ARGV[at + 6], 'i', known or '', 'u', ARGV[at + 4], 'c', ARGV[at + 5])
    end
    redis.call('EXPIRE', said, keep_s)
end
expire(':scores')
expire(':lasting')
redis.call('HSET', log, 'cursor', text(cursor), 'last', text(last_kept))
return {'kept', epoch, run, text(last_kept), unpack(fenced)}
"""
