package ajwt

// In a module memory never shrinks and every instance has its own, so the defaults
// are a quarter of the native ones.
const (
	defaultReplay                = 65536
	defaultSignatureCacheEntries = 4096
)
