-- Where in the score, all places that fit, and what the confidence rests on. Answers from before have none of it.
ALTER TABLE matches
    ADD COLUMN IF NOT EXISTS ref_start_beat Nullable(Float64) COMMENT 'Beats since the first of the score' AFTER ref_end_s,
    ADD COLUMN IF NOT EXISTS ref_end_beat Nullable(Float64) AFTER ref_start_beat,
    ADD COLUMN IF NOT EXISTS `candidates.ref_start_beat` Array(Nullable(Float64)),
    ADD COLUMN IF NOT EXISTS `candidates.ref_end_beat` Array(Nullable(Float64)),
    ADD COLUMN IF NOT EXISTS `candidates.places_start_s` Array(Array(Float64)) COMMENT 'Passages that fit equally well',
    ADD COLUMN IF NOT EXISTS `candidates.places_end_s` Array(Array(Float64)),
    ADD COLUMN IF NOT EXISTS `candidates.misfit` Array(Nullable(Float64)),
    ADD COLUMN IF NOT EXISTS `candidates.lead` Array(Nullable(Float64)) COMMENT 'Log odds over the next candidate',
    ADD COLUMN IF NOT EXISTS `candidates.effort` Array(Nullable(Int32)) COMMENT 'The search that found it, from 1';
