-- What a source played, from when to when: answers of the same kind that follow one another closely are one row.
-- Asked with its parameters: SELECT * FROM plays(source = 'piano-1', since = '2026-01-01', until = '2026-01-02').
CREATE VIEW IF NOT EXISTS plays AS
SELECT
    min(at) AS started_at,
    max(at) AS ended_at,
    any(status) AS status,
    any(work_id) AS work_id,
    any(title) AS title,
    any(composer) AS composer,
    count() AS answers,
    avg(confidence) AS confidence
FROM
(
    SELECT *, sum(is_new) OVER (ORDER BY at, origin_offset ROWS UNBOUNDED PRECEDING) AS run
    FROM
    (
        SELECT
            created_at AS at, origin_offset, status, work_id, title, composer, confidence,
            (status, work_id) != lagInFrame((status, work_id)) OVER answers
                OR dateDiff('second', lagInFrame(at) OVER answers, at) > 30 AS is_new
        FROM matches FINAL
        WHERE source_id = {source:String}
            AND created_at >= parseDateTime64BestEffort({since:String}, 6, 'UTC')
            AND created_at < parseDateTime64BestEffort({until:String}, 6, 'UTC')
        WINDOW answers AS (ORDER BY created_at, origin_offset ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    )
)
GROUP BY run
ORDER BY started_at;

CREATE VIEW IF NOT EXISTS latencies_per_minute AS
SELECT
    toStartOfMinute(created_at) AS minute,
    kind,
    stage,
    quantile(0.5)(ms) AS p50_ms,
    quantile(0.9)(ms) AS p90_ms,
    quantile(0.99)(ms) AS p99_ms,
    max(ms) AS max_ms
FROM
(
    SELECT
        created_at, kind, stages.1 AS stage, stages.2 AS ms
    FROM matches FINAL
    ARRAY JOIN [('identify', compute_ms), ('way to the worker', latency_ms - compute_ms), ('whole', latency_ms)] AS stages
)
GROUP BY minute, kind, stage;

CREATE VIEW IF NOT EXISTS triggers_by_section AS
SELECT
    toStartOfHour(created_at) AS hour,
    section,
    error_type,
    count() AS triggers,
    uniqExact(source_id) AS sources
FROM triggers FINAL
GROUP BY hour, section, error_type;

CREATE VIEW IF NOT EXISTS failures_per_minute AS
SELECT
    toStartOfMinute(created_at) AS minute,
    kind,
    error_type,
    count() AS failures,
    any(error_message) AS example
FROM matches FINAL
WHERE status = 'failed'
GROUP BY minute, kind, error_type;
