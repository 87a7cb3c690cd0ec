package testbed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"bunnyhop/internal/project"
	"bunnyhop/steps/site"
)

// Set sets a line of the project's .env.
func (p *Project) Set(key, value string) {
	p.tb.Helper()
	path := filepath.Join(p.Root, ".env")
	content, err := os.ReadFile(path)
	if err == nil {
		content, err = project.SetLine(content, key, value, "")
	}
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		p.tb.Fatal(err)
	}
}

// Write writes a file of the project.
func (p *Project) Write(name, content string) {
	p.tb.Helper()
	path := filepath.Join(p.Root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		p.tb.Fatal(err)
	}
}

// Writer makes rows through the API of the running server.
type Writer struct {
	base, token string
	client      *http.Client
}

// Writer returns one that writes as an administrator.
func (p *Project) Writer() *Writer {
	p.tb.Helper()
	token, err := p.Token()
	if err != nil {
		p.tb.Fatal(err)
	}
	return &Writer{base: site.BaseURL(p.Config()), token: token, client: &http.Client{Transport: patient{}, Timeout: 30 * time.Second}}
}

// Create makes one row. A nil error means that the server said that it is
// stored.
func (w *Writer) Create(collection string, values map[string]any) error {
	body, err := json.Marshal(values)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.base+"/items/"+collection, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+w.token)
	response, err := w.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s: %.200s", response.Status, answer)
	}
	return nil
}
