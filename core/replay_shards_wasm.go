package ajwt

// A module runs one call at a time.
const maxReplayShards = 1
