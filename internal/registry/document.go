package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"bunnyhop/internal/fault"
)

// packageName is what may stand in an address or a file name: npm's rule,
// with the capital letters of old names.
var packageName = regexp.MustCompile(`^(@[A-Za-z0-9~-][A-Za-z0-9._~-]*/)?[A-Za-z0-9~_-][A-Za-z0-9._~-]*$`)

// Package returns a package's document. An answer of this process is used
// again for five minutes. When the registry is down, what it said last is
// returned with Stale set; without such an answer the error holds a
// *DownError. Other errors hold a *NotFoundError or a *DeniedError. The
// document is shared: do not change it.
func (c *Client) Package(ctx context.Context, name string) (*Package, error) {
	if !packageName.MatchString(name) {
		return nil, fault.Newf("%q is not the name of an npm package", name)
	}
	if known := c.fresh(name); known != nil {
		return known, nil
	}
	for {
		result := c.flight.DoChan(name, func() (any, error) { return c.ask(ctx, name) })
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case got := <-result:
			// The one that asked for everybody may have been cancelled.
			if got.Err != nil && got.Shared && ctx.Err() == nil && isCancel(got.Err) {
				continue
			}
			if got.Err != nil {
				return nil, got.Err
			}
			return got.Val.(*Package), nil //nolint:forcetypeassert // ask returns nothing else
		}
	}
}

func isCancel(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (c *Client) fresh(name string) *Package {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.known[name]
	if known == nil || time.Since(known.Fetched) > freshFor {
		return nil
	}
	return known
}

func (c *Client) ask(ctx context.Context, name string) (*Package, error) {
	registry := c.cfg.registryOf(name)
	kept := c.readCache(registry, name)
	var answer *cached
	err := c.try(ctx, registry, func() (err error) {
		answer, err = c.fetch(ctx, registry, name, kept)
		return err
	})
	var down *DownError
	switch {
	case err == nil:
		answer.Package.Fetched = answer.Fetched
		c.writeCache(registry, name, answer)
		c.mu.Lock()
		c.known[name] = answer.Package
		c.mu.Unlock()
		return answer.Package, nil
	case errors.As(err, &down) && kept != nil:
		kept.Package.Fetched, kept.Package.Stale = kept.Fetched, true
		return kept.Package, nil
	case isCancel(err):
		return nil, err
	}
	return nil, fmt.Errorf("asking for %s: %w", name, err)
}

// fetch asks once. A document that did not change is kept's.
func (c *Client) fetch(ctx context.Context, registry, name string, kept *cached) (*cached, error) {
	header := http.Header{"Accept": {"application/json"}}
	if kept != nil && kept.ETag != "" {
		header.Set("If-None-Match", kept.ETag)
	}
	response, err := c.get(ctx, registry+documentPath(name), name, registry, header)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	now := time.Now().UTC()
	if response.StatusCode == http.StatusNotModified {
		if kept == nil {
			return nil, &passing{err: errors.New("\"not modified\" without a question")}
		}
		again := *kept
		again.Fetched = now
		return &again, nil
	}
	// Read before decoding: a body that breaks off is a passing fault, one
	// that is whole and wrong is not.
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	if err != nil {
		return nil, &passing{err: fmt.Errorf("reading the answer: %w", err)}
	}
	var document Package
	if err := json.Unmarshal(body, &document); err != nil || len(document.Versions) == 0 {
		if err == nil {
			err = errors.New("no versions in it")
		}
		failure := &DownError{Registry: redact(registry), Err: fmt.Errorf("the answer is not a package document: %w", err)}
		return nil, forPerson(failure)
	}
	document.Name = name
	return &cached{ETag: response.Header.Get("ETag"), Fetched: now, Package: &document}, nil
}

// documentPath is the path of a package's document; the slash of a scope is
// escaped, as npm does it.
func documentPath(name string) string {
	return strings.ReplaceAll(url.PathEscape(name), "%40", "@")
}
