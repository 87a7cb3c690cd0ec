package directus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client talks to a running Directus over REST.
type Client struct {
	// Busy is told when the server says "not now" and is asked again. Optional.
	Busy func(line string)

	base  string
	token string
	http  *http.Client
}

// NewClient returns a client for a server's address ("http://127.0.0.1:8055",
// with or without a path). The token may be empty; Login sets one. Redirects
// are not followed, so that the token never goes to another host.
func NewClient(base, token string) *Client {
	return &Client{
		base: strings.TrimRight(base, "/"), token: token,
		http: &http.Client{
			Timeout:       2 * time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// APIError is an answer that says no.
type APIError struct {
	Method, Path string
	Status       int
	Code         string // Directus' own code ("FORBIDDEN"), if it gave one
	Message      string
}

func (e *APIError) Error() string {
	text := fmt.Sprintf("%s %s answered %d", e.Method, e.Path, e.Status)
	for _, part := range []string{e.Code, e.Message} {
		if part != "" {
			text += " " + part
		}
	}
	return text
}

// Ping asks whether the server answers at all; nil means that it said "pong".
func (c *Client) Ping(ctx context.Context) error {
	body, err := c.do(ctx, http.MethodGet, "/server/ping", nil)
	if err != nil {
		return err
	}
	if text := strings.TrimSpace(string(body)); text != "pong" {
		return fmt.Errorf("asking the server whether it is there: it answered %q instead of pong", cut(text, 60))
	}
	return nil
}

// WaitReady pings every 100 ms until the server answers. It ends with the
// context, or with the error of alive (optional), which says that the process
// is gone and that waiting is of no use.
func (c *Client) WaitReady(ctx context.Context, alive func() error) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	var last error
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := c.Ping(attempt)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		if alive != nil {
			if err := alive(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("waiting for the server to answer: %w", ctx.Err()), last)
		case <-ticker.C:
		}
	}
}

// data reads the "data" of an answer. An answer without one is an error, so
// that a list that was not read is never taken for an empty one.
func (c *Client) data(ctx context.Context, method, path string, in, out any) error {
	body, err := c.do(ctx, method, path, in)
	if err != nil {
		return err
	}
	var envelope struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return fmt.Errorf("reading the answer to %s %s: %w", method, withoutQuery(path), err)
	}
	if len(envelope.Data) == 0 || string(envelope.Data) == "null" {
		return fmt.Errorf("reading the answer to %s %s: it has no data", method, withoutQuery(path))
	}
	if err := json.Unmarshal(envelope.Data, out); err != nil {
		return fmt.Errorf("reading the answer to %s %s: %w", method, withoutQuery(path), err)
	}
	return nil
}

func (c *Client) do(ctx context.Context, method, path string, in any) ([]byte, error) {
	response, err := c.send(ctx, method, path, in)
	var refused *APIError
	if errors.As(err, &refused) && response != nil {
		defer response.Body.Close() //nolint:errcheck // only read
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		return body, refused.explain(body)
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the answer to %s %s: %w", method, withoutQuery(path), err)
	}
	return body, nil
}

// How long a server that says "not now" is asked again, and with what pauses.
// Directus turns requests away while its event loop lags
// (@directus/pressure), which on a small machine it does for a while after a
// start, and limits rates where it is told to; taking either for a failure
// would roll a good upgrade back.
const (
	busyFor    = 2 * time.Minute
	firstPause = 500 * time.Millisecond
	lastPause  = 5 * time.Second
)

// send returns the answer; for one that is not 2xx also an *APIError. Reading
// is tried again while the server says that it is too busy just now. The
// health check is not: 503 is what a sick server answers there.
func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	until := time.Now().Add(busyFor)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		response, err := c.once(ctx, method, path, in)
		busy := response != nil && (response.StatusCode == http.StatusServiceUnavailable || response.StatusCode == http.StatusTooManyRequests)
		if !busy || method != http.MethodGet || withoutQuery(path) == "/server/health" || time.Now().Add(pause).After(until) {
			return response, err
		}
		if c.Busy != nil {
			c.Busy("the server is under pressure (" + http.StatusText(response.StatusCode) + "); asking again")
		}
		select {
		case <-ctx.Done():
			return response, err
		case <-time.After(pause):
			_ = response.Body.Close()
		}
	}
}

func (c *Client) once(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("writing the request %s %s: %w", method, withoutQuery(path), err)
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("making the request %s %s: %w", method, withoutQuery(path), err)
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the server: %w", err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return response, &APIError{Method: method, Path: withoutQuery(path), Status: response.StatusCode}
	}
	return response, nil
}

func (e *APIError) explain(body []byte) *APIError {
	var answer struct {
		Errors []struct {
			Message    string `json:"message"`
			Extensions struct {
				Code   string `json:"code"`
				Reason string `json:"reason"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &answer) == nil && len(answer.Errors) > 0 {
		e.Code, e.Message = answer.Errors[0].Extensions.Code, cut(answer.Errors[0].Message, 300)
	}
	return e
}

func withoutQuery(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + "…"
}
