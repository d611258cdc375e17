package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// mayTry counts a sign-in and tells whether it is within the limits. Who guesses from
// many places slows down all places but the devices on which the account's owner has
// signed in before; elsewhere the first try of a minute is always taken, so that nobody
// is locked out.
func (s *Service) mayTry(a Account, email string, from Origin) bool {
	if nonce, ok := s.knows(a, from.Known); ok && s.devices.allow(nonce) {
		return true
	}
	return s.signIns.allow(from.Address, email) && (s.accounts.allow(email) || s.slow.allow(from.Address, email))
}

// deviceOf makes what a browser keeps to be known by as one where an account's owner
// has signed in. It opens nothing by itself.
func (s *Service) deviceOf(a Account) string {
	nonce := NewID()
	return nonce + "." + s.deviceMark(a, nonce)
}

// knows tells whether a browser is known to an account, and by what.
func (s *Service) knows(a Account, device string) (nonce string, ok bool) {
	nonce, mark, _ := strings.Cut(device, ".")
	return nonce, a.ID != "" && ValidID(nonce) && hmac.Equal([]byte(mark), []byte(s.deviceMark(a, nonce)))
}

// deviceMark ends with the password: who changes it makes all devices unknown.
func (s *Service) deviceMark(a Account, nonce string) string {
	mac := hmac.New(sha256.New, s.successors)
	mac.Write([]byte("device " + nonce + " " + a.ID + " " + a.Password))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
