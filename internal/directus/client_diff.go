package directus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"time"
)

// SchemaDiff is what a server says has to change to become what a snapshot
// describes.
type SchemaDiff struct {
	// Hash is of the server's own data model and version at that moment, not
	// of the diff (@directus/api 12.4.0, dist/utils/get-versioned-hash.js).
	Hash string `json:"hash"`
	// Diff holds lists of entries: collections, fields, relations and, from
	// 11.13 on, systemFields.
	Diff json.RawMessage `json:"diff"`
}

// DiffFlags says which query flags a server takes as values. Before 12.2 the
// mere presence of force, whatever its value, switched the checks off, and
// there was no mode; so an older server is sent none at all.
type DiffFlags struct{ Explicit bool }

func (f DiffFlags) query(values url.Values) string {
	if !f.Explicit {
		return ""
	}
	return "?" + values.Encode()
}

// SchemaDiff asks a server what makes its data model into the one of a
// snapshot, which has to be of its own version and vendor; nil: nothing. It
// goes as a file, to which MAX_PAYLOAD_SIZE does not apply. Needs an admin,
// and 9.23 or later.
func (c *Client) SchemaDiff(ctx context.Context, snapshot []byte, flags DiffFlags) (*SchemaDiff, error) {
	const path = "/schema/diff"
	body, err := c.upload(ctx, path+flags.query(url.Values{"mode": {"mirror"}, "force": {"false"}}), snapshot)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return nil, err
	}
	var answer struct {
		Data SchemaDiff `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("reading the answer to POST %s: %w", path, err)
	}
	if answer.Data.Hash == "" || len(answer.Data.Diff) == 0 {
		return nil, fmt.Errorf("reading the answer to POST %s: it has no diff", path)
	}
	return &answer.Data, nil
}

// SchemaApply makes the changes of a diff, or of a part of it, that the same
// server computed; it refuses if its data model has changed since. Needs an
// admin. It takes as long as it takes; an error may mean that a part was done
// on MySQL, and that it goes on if only the connection broke.
func (c *Client) SchemaApply(ctx context.Context, diff SchemaDiff, flags DiffFlags) error {
	body, err := json.Marshal(diff)
	if err != nil {
		return fmt.Errorf("writing the request POST /schema/apply: %w", err)
	}
	_, err = c.upload(ctx, "/schema/apply"+flags.query(url.Values{"force": {"false"}}), body)
	return err
}

// ClearCache empties the server's caches, of data and, from 10.11 on, of what
// it knows of itself. Needs an admin.
func (c *Client) ClearCache(ctx context.Context) error {
	_, err := c.do(ctx, http.MethodPost, "/utils/cache/clear?system=true", struct{}{})
	return err
}

// ReadOne reads one item of a collection, or finds that there is none, which
// proves that the server knows the collection.
func (c *Client) ReadOne(ctx context.Context, collection string) error {
	_, err := c.do(ctx, http.MethodGet, "/items/"+url.PathEscape(collection)+"?limit=1", nil)
	return err
}

// CollectionLimit tells how many collections the licence of a Directus 12
// allows; -1: as many as there are.
func (c *Client) CollectionLimit(ctx context.Context) (int, error) {
	var data struct {
		Entitlements struct {
			Collections *struct {
				Limit   int  `json:"limit"`
				Overage *int `json:"overage"`
				Addon   *int `json:"addon"`
			} `json:"collections"`
		} `json:"entitlements"`
	}
	if err := c.data(ctx, http.MethodGet, "/license", nil, &data); err != nil {
		return 0, err
	}
	limit := data.Entitlements.Collections
	if limit == nil {
		return 0, errors.New("reading the licence: it says nothing of collections")
	}
	most := limit.Limit
	for _, more := range []*int{limit.Overage, limit.Addon} { // dist/license/entitlements/manager.js, getEntitlementLimit
		switch {
		case more == nil || most < 0:
		case *more < 0:
			most = -1
		default:
			most += *more
		}
	}
	return most, nil
}

// upload posts JSON as a file. It has no time limit of its own: comparing and
// changing a large data model takes minutes. A server that turns requests away
// before it looks at them is asked again.
func (c *Client) upload(ctx context.Context, path string, content []byte) ([]byte, error) {
	until := time.Now().Add(busyFor)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		body, err := c.uploadOnce(ctx, path, content)
		var refused *APIError
		if !errors.As(err, &refused) || !refused.turnedAway() || time.Now().Add(pause).After(until) {
			return body, err
		}
		if c.Busy != nil {
			c.Busy("the server is under pressure (" + http.StatusText(refused.Status) + "); asking again")
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// turnedAway: Directus itself said "not now". A proxy's word is not taken for
// it, which may have passed the request on.
func (e *APIError) turnedAway() bool {
	return e.Status == http.StatusServiceUnavailable && e.Code == "SERVICE_UNAVAILABLE" ||
		e.Status == http.StatusTooManyRequests && e.Code == "REQUESTS_EXCEEDED"
}

func (c *Client) uploadOnce(ctx context.Context, path string, content []byte) ([]byte, error) {
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, err := writer.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="schema.json"`}, "Content-Type": {"application/json"},
	})
	if err == nil {
		_, err = part.Write(content)
	}
	if err = errors.Join(err, writer.Close()); err != nil {
		return nil, fmt.Errorf("writing the request POST %s: %w", withoutQuery(path), err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, &form)
	if err != nil {
		return nil, fmt.Errorf("making the request POST %s: %w", withoutQuery(path), err)
	}
	request.Header.Set("Content-Type", writer.FormDataContentType())
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.patient().http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the server: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	if response.StatusCode < 200 || response.StatusCode > 299 {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		refused := &APIError{Method: http.MethodPost, Path: withoutQuery(path), Status: response.StatusCode}
		return nil, refused.explain(body)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the answer to POST %s: %w", withoutQuery(path), err)
	}
	return body, nil
}
