package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
)

// object is a JSON object to send.
type object = map[string]any

// client talks to the REST API of one Directus.
type client struct {
	base           string
	access, reload string // the access and the refresh token of the session
}

func newClient(base string) *client { return &client{base: base} }

func (c *client) login(ctx context.Context, email, password string) error {
	var session struct {
		Data struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		} `json:"data"`
	}
	body := object{"email": email, "password": password}
	if err := c.send(ctx, http.MethodPost, "/auth/login", body, &session); err != nil {
		return fmt.Errorf("logging in: %w", err)
	}
	c.access, c.reload = session.Data.Access, session.Data.Refresh
	return nil
}

// logout ends the session, so that none is left in the database.
func (c *client) logout(ctx context.Context) error {
	if err := c.post(ctx, "/auth/logout", object{"refresh_token": c.reload}); err != nil {
		return fmt.Errorf("logging out: %w", err)
	}
	c.access = ""
	return nil
}

func (c *client) post(ctx context.Context, path string, body any) error {
	return c.send(ctx, http.MethodPost, path, body, nil)
}

func (c *client) patch(ctx context.Context, path string, body any) error {
	return c.send(ctx, http.MethodPatch, path, body, nil)
}

// send sends body as JSON and, unless into is nil, reads the answer into it.
func (c *client) send(ctx context.Context, method, path string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return c.do(ctx, method, path, "application/json", bytes.NewReader(data), into)
}

// upload stores a file. Directus takes only the fields that come before it.
func (c *client) upload(ctx context.Context, fields [][2]string, name, kind string, content []byte) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range fields {
		if err := form.WriteField(field[0], field[1]); err != nil {
			return fmt.Errorf("uploading %s: %w", name, err)
		}
	}
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename="%s"`, name)},
		"Content-Type":        {kind},
	})
	if err != nil {
		return fmt.Errorf("uploading %s: %w", name, err)
	}
	if _, err := part.Write(content); err != nil {
		return fmt.Errorf("uploading %s: %w", name, err)
	}
	if err := form.Close(); err != nil {
		return fmt.Errorf("uploading %s: %w", name, err)
	}
	return c.do(ctx, http.MethodPost, "/files", form.FormDataContentType(), &body, nil)
}

func (c *client) do(ctx context.Context, method, path, kind string, body io.Reader, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("User-Agent", "mksample")
	if c.access != "" {
		request.Header.Set("Authorization", "Bearer "+c.access)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end below
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("%s %s: reading the answer: %w", method, path, err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s %s: reading the answer: %w", method, path, err)
	}
	return nil
}
