package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"sync"
	"sync/atomic"
)

const (
	keySize    = 32
	nonceSize  = 24
	tagSize    = 16
	prefixSize = 12 // of the nonce: what the message's key is derived from
	version    = 1  // the first byte of what is sealed, so that formats can change
	overhead   = 1 + nonceSize + tagSize

	// So many values share a derived key, each with 12 random bytes of nonce: two
	// of them have the same with a probability of less than 2⁻⁶⁵.
	messagesPerKey = 1 << 16
)

// An xaes seals by XAES-256-GCM under one key. It may be used at once.
type xaes struct {
	block cipher.Block
	k1    [aes.BlockSize]byte // the subkey of CMAC (NIST SP 800-38B) for whole blocks

	opened atomic.Pointer[derived] // the one used last: neighbours of a log share it

	mu      sync.Mutex // guards what follows
	sealing *derived
	left    int // values that sealing may still seal
}

// derived is what seals values whose nonces begin with the same prefix.
type derived struct {
	prefix [prefixSize]byte
	gcm    cipher.AEAD
}

// newXAES panics when the key has not keySize bytes.
func newXAES(key []byte) *xaes {
	if len(key) != keySize {
		panic("seal: a key of the wrong size")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("seal: " + err.Error())
	}
	x := &xaes{block: block}
	block.Encrypt(x.k1[:], x.k1[:])
	var carry byte
	for i := len(x.k1) - 1; i >= 0; i-- {
		x.k1[i], carry = x.k1[i]<<1|carry, x.k1[i]>>7
	}
	x.k1[len(x.k1)-1] ^= carry * 0b10000111
	return x
}

// derive returns the cipher of values whose nonces begin with this prefix. It
// takes the rest of the nonce as its own.
func (x *xaes) derive(prefix [prefixSize]byte) *derived {
	var key [keySize]byte
	for i := range 2 {
		half := key[i*aes.BlockSize:][:aes.BlockSize]
		half[1], half[2] = byte(i+1), 'X'
		copy(half[4:], prefix[:])
		subtle.XORBytes(half, half, x.k1[:])
		x.block.Encrypt(half, half)
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("seal: " + err.Error())
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return &derived{prefix, gcm}
}

// next returns what seals the next value.
func (x *xaes) next() *derived {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.left == 0 {
		var prefix [prefixSize]byte
		_, _ = rand.Read(prefix[:]) // it never returns an error: it ends the program
		x.sealing, x.left = x.derive(prefix), messagesPerKey
	}
	x.left--
	return x.sealing
}

// seal returns the version, the nonce, and plain sealed under label.
func (x *xaes) seal(label string, plain []byte) []byte {
	by := x.next()
	out := make([]byte, 1+nonceSize, overhead+len(plain))
	out[0] = version
	nonce := out[1:]
	copy(nonce, by.prefix[:])
	_, _ = rand.Read(nonce[prefixSize:])
	return by.gcm.Seal(out, nonce[prefixSize:], plain, []byte(label))
}

// open undoes seal, or returns ErrSealed.
func (x *xaes) open(label string, sealed []byte) ([]byte, error) {
	if len(sealed) < overhead || sealed[0] != version {
		return nil, ErrSealed
	}
	nonce := sealed[1:][:nonceSize]
	prefix := [prefixSize]byte(nonce)
	by := x.opened.Load()
	if by == nil || by.prefix != prefix {
		by = x.derive(prefix)
		x.opened.Store(by)
	}
	plain, err := by.gcm.Open(nil, nonce[prefixSize:], sealed[1+nonceSize:], []byte(label))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
