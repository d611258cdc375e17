package blob

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	tries         = 3                      // of a request, the first included
	firstPause    = 200 * time.Millisecond // before a request is tried anew; then longer
	dialTimeout   = 5 * time.Second
	answerTimeout = 30 * time.Second // until a request that was sent is answered
	smallTimeout  = 40 * time.Second // for a request without a body to speak of
	pingTimeout   = 5 * time.Second  // who asks for readiness waits for it
	cleanTimeout  = 10 * time.Second // for taking back what was stored when the caller has gone
	idleSockets   = 32               // kept open; Go's 2 would open one for almost every request
	s3Region      = "us-east-1"      // where none is named: what most other servers take
	s3Endpoint    = "s3.amazonaws.com"
)

var (
	errTimeout = errors.New("the object store takes too long")
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
)

// S3 is a Store in a bucket of an object store that speaks the S3 protocol. Of one
// bucket, nodes may share a prefix.
type S3 struct {
	client    *minio.Core
	transport *http.Transport
	endpoint  string
	bucket    string
	prefix    string // "", or ends with a slash

	mu   sync.Mutex
	left []upload // whose parts are still to be removed; guarded by mu
}

// place is what a URL names.
type place struct {
	endpoint, region string
	bucket, prefix   string
	plain            bool // HTTP, for a store on the same host or behind a tunnel
	lookup           minio.BucketLookupType
	key, secret      string
}

// OpenS3 opens s3://bucket/prefix?endpoint=https://host:port&region=…&path_style=true.
// All parameters may be missing: then it is Amazon's store in us-east-1. The credentials
// are the URL's user info (s3://KEY:SECRET@bucket) or, without it, in AWS_ACCESS_KEY_ID
// and AWS_SECRET_ACCESS_KEY; they are in no error. It ends with an error that says
// what to set when the bucket cannot be written to.
//
// Uploads that were cut off and are a day old are removed from the prefix, if the
// credentials allow that; a lifecycle rule of the bucket does as well.
func OpenS3(ctx context.Context, text string) (*S3, error) {
	u, err := parseURL(text)
	if err != nil {
		return nil, err
	}
	p, err := locate(u)
	if err != nil {
		return nil, fmt.Errorf("the URL of the store of media: %w", err)
	}
	s := &S3{endpoint: p.endpoint, bucket: p.bucket, prefix: p.prefix, transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: answerTimeout,
		MaxIdleConnsPerHost:   idleSockets,
		IdleConnTimeout:       time.Minute,
		DisableCompression:    true, // the bytes are wanted as they are stored
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
	}}
	s.client, err = minio.NewCore(p.endpoint, &minio.Options{
		Creds:        credentials.NewStaticV4(p.key, p.secret, ""),
		Secure:       !p.plain,
		Transport:    s.transport,
		Region:       p.region,
		BucketLookup: p.lookup,
		MaxRetries:   1, // try does that, and not with a reader that the last try may still read
	})
	if err != nil {
		return nil, fmt.Errorf("the URL of the store of media: %w", err)
	}
	if err := s.writable(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the bucket %s at %s: %w", s.bucket, s.endpoint, advice(err)), s.Close())
	}
	s.sweep(ctx, time.Now().Add(-unfinishedAge))
	return s, nil
}

// locate reads a URL. What is wrong is named, but never shown: it may be a secret that
// went astray.
func locate(u *url.URL) (p place, err error) {
	p = place{bucket: u.Host, prefix: strings.Trim(u.Path, "/"), key: u.User.Username()}
	p.secret, _ = u.User.Password()
	if u.User == nil {
		p.key, p.secret = os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	}
	switch {
	case !bucketName.MatchString(p.bucket):
		return p, errors.New("it has to be s3://BUCKET/PREFIX, with the name of a bucket (3 to 63 of a-z, 0-9, '.' and '-')")
	case p.prefix != "" && (!fs.ValidPath(p.prefix) || len(p.prefix) > 512):
		return p, errors.New("its prefix has to be a path without empty parts, '.' and '..', of at most 512 bytes")
	case u.Fragment != "":
		return p, errors.New("it has a '#'; write it as %23")
	case p.key == "" || p.secret == "":
		return p, errors.New("credentials are missing: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write s3://KEY:SECRET@bucket")
	}
	if p.prefix != "" {
		p.prefix += "/"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return p, errors.New("its parameters cannot be read")
	}
	for name, values := range query {
		if len(values) != 1 {
			return p, fmt.Errorf("%q is given more than once", name)
		}
		if err := p.set(name, values[0]); err != nil {
			return p, err
		}
	}
	p.endpoint, p.region = cmp.Or(p.endpoint, s3Endpoint), cmp.Or(p.region, s3Region)
	return p, nil
}

// set takes in one parameter of a URL.
func (p *place) set(name, value string) error {
	switch name {
	case "endpoint":
		u, err := url.Parse(value)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return errors.New("endpoint has to be http://HOST:PORT or https://HOST:PORT, with nothing else")
		}
		p.endpoint, p.plain = u.Host, u.Scheme == "http"
	case "region":
		p.region = value
	case "path_style":
		style, err := strconv.ParseBool(value)
		if err != nil {
			return errors.New("path_style has to be true or false")
		}
		p.lookup = minio.BucketLookupDNS
		if style {
			p.lookup = minio.BucketLookupPath
		}
	default:
		return fmt.Errorf("%q is no parameter of it: there are endpoint, region and path_style", name)
	}
	return nil
}

// advice says what to set when a bucket cannot be opened.
func advice(err error) error {
	refusal := answer(err)
	switch refusal.Code {
	case "NoSuchBucket":
		return fmt.Errorf("%w; make the bucket, or name another in the URL (s3://BUCKET/PREFIX)", err)
	case "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return fmt.Errorf("%w; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to credentials of this store, or write them into the URL", err)
	case "AccessDenied":
		return fmt.Errorf("%w; give the credentials the right to read, write and delete objects of this bucket", err)
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException":
		return fmt.Errorf("%w; set the bucket's region in the URL (?region=…)", err)
	}
	if refusal.StatusCode >= 400 && refusal.StatusCode < 500 { // each server has codes of its own
		return fmt.Errorf("%w; see that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or those in the URL, are of this store", err)
	}
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, errTimeout) {
		return fmt.Errorf("%w; set the store's address in the URL (?endpoint=http://HOST:PORT), and see that it runs", err)
	}
	return err
}

// Close lets go of the connections. Nothing may be called after it.
func (s *S3) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// Ping tells whether the bucket can be reached and written to. It also removes what
// uploads left behind that ended when the store did not answer.
func (s *S3) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, pingTimeout, errTimeout)
	defer cancel()
	if err := s.writable(ctx); err != nil {
		return fmt.Errorf("writing to the bucket %s: %w", s.bucket, err)
	}
	s.tidy(ctx)
	return nil
}

// writable begins an upload and gives it up: that needs the same rights as storing an
// object, but leaves none, and no version of one in a bucket that keeps versions.
func (s *S3) writable(ctx context.Context) error {
	u, err := s.begin(ctx, s.prefix+"ping")
	if err != nil {
		return err
	}
	return s.abort(ctx, u)
}

func (s *S3) key(name string) string { return s.prefix + path(name) }

// Remove removes what is stored under a name, if it is there.
func (s *S3) Remove(ctx context.Context, name string) error {
	if err := check(name); err != nil {
		return err
	}
	return s.remove(ctx, s.key(name))
}

func (s *S3) remove(ctx context.Context, key string) error {
	_, err := s.try(ctx, smallTimeout, func(ctx context.Context) error {
		return s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{})
	})
	if err != nil && !absent(err) {
		return fmt.Errorf("removing media: %w", err)
	}
	return nil
}

// try does a request that may be done twice, a few times if what ails it may pass, each
// within a time. It tells whether it took more than one.
func (s *S3) try(ctx context.Context, limit time.Duration, do func(ctx context.Context) error) (again bool, err error) {
	for n := 1; ; n++ {
		err = within(ctx, limit, do)
		if err == nil || n == tries || !passing(err) || !pause(ctx, n) {
			break
		}
		again = true
	}
	// The client only says that the context ended; why is the context's to tell.
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w (%w)", cause, err)
	}
	return again, err
}

func within(ctx context.Context, limit time.Duration, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errTimeout)
	defer cancel()
	err := do(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errTimeout) {
		err = fmt.Errorf("%w (%w)", errTimeout, err)
	}
	return err
}

// passing tells whether what is wrong may be over in a moment: no answer, or one that
// puts it down to the server.
func passing(err error) bool {
	status := answer(err).StatusCode
	return status == 0 || status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests
}

// pause waits before try n+1, and tells whether there may be one. Waits are of random
// length, so that nodes which lost the store together do not come back together.
func pause(ctx context.Context, n int) bool {
	longest := firstPause << (n - 1)
	timer := time.NewTimer(longest/2 + rand.N(longest/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answer is what the store answered, if it did.
func answer(err error) minio.ErrorResponse {
	found, _ := errors.AsType[minio.ErrorResponse](err)
	return found
}

// absent tells whether the store answers that an object, or an upload, is not there.
func absent(err error) bool {
	code := answer(err).Code
	return code == "NoSuchKey" || code == "NoSuchUpload"
}
