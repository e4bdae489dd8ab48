-- Views, not materialized ones: those would count a repeated row twice.
CREATE VIEW IF NOT EXISTS matches_per_minute AS
SELECT
    toStartOfMinute(created_at) AS minute,
    kind,
    count() AS answers,
    countIf(status = 'matched') AS matched,
    countIf(status = 'unknown') AS unknown,
    countIf(status = 'failed') AS failed,
    uniqExact(source_id) AS sources,
    quantile(0.5)(latency_ms) AS latency_p50_ms,
    quantile(0.9)(latency_ms) AS latency_p90_ms,
    quantile(0.99)(latency_ms) AS latency_p99_ms,
    max(latency_ms) AS latency_max_ms
FROM matches FINAL
GROUP BY minute, kind;

CREATE VIEW IF NOT EXISTS works_per_minute AS
SELECT
    toStartOfMinute(created_at) AS minute,
    work_id,
    any(title) AS title,
    any(composer) AS composer,
    count() AS matched,
    uniqExact(source_id) AS sources,
    avg(confidence) AS confidence
FROM matches FINAL
WHERE status = 'matched'
GROUP BY minute, work_id;

CREATE VIEW IF NOT EXISTS dead_letters_per_minute AS
SELECT
    toStartOfMinute(created_at) AS minute,
    stage,
    error_type,
    count() AS dead_letters
FROM dead_letters FINAL
GROUP BY minute, stage, error_type;
