package seal

import "context"

// The constants of the bounds that the tests hold.
const (
	CacheSize = cacheSize
	Pause     = rotationPause
	PerKey    = messagesPerKey
)

// SealXAES seals with a given nonce, as the vectors of C2SP have it.
func SealXAES(key, nonce, plain []byte, label string) []byte {
	return newXAES(key).derive([prefixSize]byte(nonce)).gcm.Seal(nil, nonce[prefixSize:], plain, []byte(label))
}

// RotateOn rotates with a file system that fails where before says so.
func RotateOn(ctx context.Context, before func(step string) error, path string, store Store) error {
	return rotation{disk: disk{before}, path: path, store: store}.run(ctx)
}
