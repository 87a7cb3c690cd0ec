package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Client asks registries. It is safe for use by several goroutines.
type Client struct {
	cfg      *Config
	cacheDir string
	http     *http.Client
	setup    error

	waits []time.Duration // before the second, third … attempt
	stall time.Duration   // a download without a byte for this long is given up

	flight singleflight.Group
	mu     sync.Mutex
	known  map[string]*Package // fresh answers of this process
	downAt map[string]time.Time
}

const (
	// freshFor is how long an answer is used without asking again.
	freshFor = 5 * time.Minute
	// downFor is how long a registry that was found down gets one attempt
	// only, so that a tree of many packages is answered from the cache soon.
	downFor = 15 * time.Second
	// maxDocument bounds a package document, in bytes; the largest real ones
	// are below 50 MB.
	maxDocument = 256 << 20
)

// New makes a client. Answers are kept under cacheDir/registry. A CA file
// that cannot be read is reported by the first request.
func New(cfg *Config, cacheDir string) *Client {
	c := &Client{
		cfg:      cfg,
		cacheDir: filepath.Join(cacheDir, "registry"),
		waits:    []time.Duration{250 * time.Millisecond, time.Second},
		stall:    30 * time.Second,
		known:    map[string]*Package{},
		downAt:   map[string]time.Time{},
	}
	roots, err := certificates(cfg)
	c.setup = err
	proxy := cfg.Proxy.ProxyFunc()
	c.http = &http.Client{
		Transport: &http.Transport{
			Proxy:                 func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, InsecureSkipVerify: !cfg.StrictSSL}, //nolint:gosec // npm's strict-ssl=false is the person's own setting
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: 30 * time.Second,
			ForceAttemptHTTP2:     true,
			MaxIdleConnsPerHost:   8,
			IdleConnTimeout:       30 * time.Second,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) >= 5 {
				return errors.New("too many redirects")
			}
			if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
				return errors.New("redirected from https to http")
			}
			return nil
		},
	}
	return c
}

// Config returns the configuration that the client was made with.
func (c *Client) Config() *Config { return c.cfg }

func certificates(cfg *Config) (*x509.CertPool, error) {
	if cfg.CAFile == "" && cfg.ExtraCAFile == "" {
		return nil, nil // the system's own
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading npm's cafile: %w", err)
		}
		pool.AppendCertsFromPEM(pem)
	}
	// Node goes on without NODE_EXTRA_CA_CERTS when it cannot be read.
	if pem, err := os.ReadFile(cfg.ExtraCAFile); err == nil {
		pool.AppendCertsFromPEM(pem)
	}
	return pool, nil
}

// passing is a fault that another attempt may not meet.
type passing struct {
	err   error
	after time.Duration // the wait that the server asks for
}

func (p *passing) Error() string { return p.err.Error() }
func (p *passing) Unwrap() error { return p.err }

// try runs attempt until it succeeds, fails for good, or the attempts are
// used up; a fault that is still passing then is a *DownError.
func (c *Client) try(ctx context.Context, registry string, attempt func() error) error {
	if c.setup != nil {
		return c.setup
	}
	waits := c.waits
	if c.down(registry) {
		waits = nil
	}
	for i := 0; ; i++ {
		err := attempt()
		var fault *passing
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			c.setDown(registry, false)
			return nil
		case !errors.As(err, &fault):
			return err
		case i >= len(waits):
			c.setDown(registry, true)
			return forPerson(&DownError{Registry: redact(registry), Err: fault.err})
		}
		timer := time.NewTimer(max(waits[i], fault.after))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

func (c *Client) down(registry string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, found := c.downAt[registry]
	return found && time.Since(at) < downFor
}

func (c *Client) setDown(registry string, down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if down {
		c.downAt[registry] = time.Now()
	} else {
		delete(c.downAt, registry)
	}
}

// get sends one GET and returns the answer if its status is 200 or 304.
func (c *Client) get(ctx context.Context, address, name, registry string, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("making a request for %s: %w", name, err)
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("User-Agent", "bunnyhop")
	if login := c.cfg.authorization(request.URL); login != "" {
		request.Header.Set("Authorization", login)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, &passing{err: err}
	}
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusNotModified {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10) // lets the connection be used again
	switch code := response.StatusCode; {
	case code == http.StatusNotFound || code == http.StatusGone:
		return nil, forPerson(&NotFoundError{Package: name, Registry: redact(registry)})
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return nil, forPerson(&DeniedError{Registry: redact(registry), Status: response.Status})
	case code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= 500:
		return nil, &passing{err: errors.New(response.Status), after: retryAfter(response)}
	}
	return nil, forPerson(&DownError{Registry: redact(registry), Err: errors.New(response.Status)})
}

// retryAfter reads Retry-After in seconds, at most 5 s.
func retryAfter(response *http.Response) time.Duration {
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, 5*time.Second)
}
