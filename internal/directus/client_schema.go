package directus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// patient is the same client without a time limit for an answer.
func (c *Client) patient() *Client {
	patient, http := *c, *c.http
	http.Timeout = 0
	patient.http = &http
	return &patient
}

// SnapshotBody is the answer to GET /schema/snapshot as it came, with its
// envelope. One that is longer than most bytes is an error. Needs an admin,
// and 9.23 or later. It has no time limit of its own: a server may need minutes
// for a large data model.
func (c *Client) SnapshotBody(ctx context.Context, most int64) ([]byte, error) {
	const path = "/schema/snapshot"
	response, err := c.patient().send(ctx, http.MethodGet, path, nil)
	if response != nil {
		defer response.Body.Close() //nolint:errcheck // only read
	}
	var refused *APIError
	if errors.As(err, &refused) && response != nil {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		return nil, refused.explain(body)
	}
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer to GET %s: %w", path, err)
	}
	if int64(len(body)) > most {
		return nil, fmt.Errorf("reading the answer to GET %s: it has more than %d MB", path, most>>20)
	}
	return body, nil
}
