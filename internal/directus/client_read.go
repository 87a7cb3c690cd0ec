package directus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Info is what a server tells about itself.
type Info struct {
	Version     string // empty for 10.2 to 10.8.2, which do not say, and without login
	ProjectName string
}

// Info reads /server/info. The version needs a login.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var data struct {
		Version string `json:"version"`
		Project struct {
			Name string `json:"project_name"`
		} `json:"project"`
		Directus struct {
			Version string `json:"version"` // up to 10.1
		} `json:"directus"`
	}
	if err := c.data(ctx, http.MethodGet, "/server/info", nil, &data); err != nil {
		return Info{}, err
	}
	info := Info{Version: data.Version, ProjectName: data.Project.Name}
	if info.Version == "" {
		info.Version = data.Directus.Version
	}
	return info, nil
}

// Health is the answer of /server/health for an admin. From 12.0 on it is
// closed to others and up to five minutes old.
type Health struct {
	Status  string `json:"status"` // ok, warn, error
	Release string `json:"releaseId"`
	// Checks holds the status of each check ("email:connection").
	Checks map[string][]struct {
		Status string `json:"status"`
	} `json:"checks"`
}

// Health reads /server/health; a sick server answers too.
func (c *Client) Health(ctx context.Context) (Health, error) {
	body, err := c.do(ctx, http.MethodGet, "/server/health", nil)
	var refused *APIError
	if errors.As(err, &refused) && refused.Status == http.StatusServiceUnavailable {
		err = nil
	}
	if err != nil {
		return Health{}, err
	}
	var health Health
	if err := json.Unmarshal(body, &health); err != nil || health.Status == "" {
		return Health{}, fmt.Errorf("reading the server's health: the answer is not understood (%w)", errors.Join(err, errors.New(cut(string(body), 120))))
	}
	return health, nil
}

// Snapshot reads the schema snapshot as the server gives it. Needs an admin,
// and 9.23 or later.
func (c *Client) Snapshot(ctx context.Context) (json.RawMessage, error) {
	var raw json.RawMessage
	if err := c.data(ctx, http.MethodGet, "/schema/snapshot", nil, &raw); err != nil {
		return nil, err
	}
	return raw, nil
}

// LoadedExtension is one entry of /extensions.
type LoadedExtension struct {
	Name    string
	Type    string // empty when its files are not there
	Version string
	Source  Source
	Enabled bool
	// Found is set when the server has the code, not only a row about it.
	Found bool
}

// Extensions lists what the server knows of extensions, the parts of bundles
// included. Needs an admin, and 10.7 or later.
func (c *Client) Extensions(ctx context.Context) ([]LoadedExtension, error) {
	var data []struct {
		Name   string  `json:"name"` // up to 10.9
		Bundle *string `json:"bundle"`
		Schema *struct {
			Name    string `json:"name"`
			Type    string `json:"type"`
			Version string `json:"version"`
			Local   bool   `json:"local"`
		} `json:"schema"`
		Meta struct {
			Enabled bool   `json:"enabled"`
			Folder  string `json:"folder"`
			Source  Source `json:"source"`
		} `json:"meta"`
	}
	if err := c.data(ctx, http.MethodGet, "/extensions", nil, &data); err != nil {
		return nil, err
	}
	all := make([]LoadedExtension, 0, len(data))
	for _, d := range data {
		e := LoadedExtension{Name: d.Name, Source: d.Meta.Source, Enabled: d.Meta.Enabled}
		if e.Name == "" {
			e.Name = d.Meta.Folder
		}
		if d.Schema != nil {
			e.Found, e.Name, e.Type, e.Version = true, d.Schema.Name, d.Schema.Type, d.Schema.Version
		}
		all = append(all, e)
	}
	return all, nil
}

// Login gets an access token for an e-mail address and a password, and uses it
// from then on.
func (c *Client) Login(ctx context.Context, email, password string) error {
	var data struct {
		Token string `json:"access_token"`
	}
	body := map[string]string{"email": email, "password": password}
	if err := c.data(ctx, http.MethodPost, "/auth/login", body, &data); err != nil {
		return err
	}
	if data.Token == "" {
		return errors.New("logging in: the server gave no token")
	}
	c.token = data.Token
	return nil
}

// Count counts the items of a user's collection.
func (c *Client) Count(ctx context.Context, collection string) (int, error) {
	var data []struct {
		Count json.RawMessage `json:"count"` // a number, or a string on some vendors
	}
	path := "/items/" + url.PathEscape(collection) + "?aggregate[count]=*"
	if err := c.data(ctx, http.MethodGet, path, nil, &data); err != nil {
		return 0, err
	}
	if len(data) != 1 {
		return 0, fmt.Errorf("counting the items of %s: the answer has %d rows", collection, len(data))
	}
	var n int
	if err := json.Unmarshal(bytes.Trim(data[0].Count, `"`), &n); err != nil {
		return 0, fmt.Errorf("counting the items of %s: %w", collection, err)
	}
	return n, nil
}

// Asset is a stored file as the server delivers it.
type Asset struct {
	ID     string
	Size   int64
	SHA256 string
}

// AssetSample fetches files, each whole and without a transformation. The
// first one that does not come is an error.
func (c *Client) AssetSample(ctx context.Context, ids []string) ([]Asset, error) {
	assets := make([]Asset, 0, len(ids))
	for _, id := range ids {
		response, err := c.send(ctx, http.MethodGet, "/assets/"+url.PathEscape(id), nil)
		if err != nil {
			return assets, err
		}
		digest := sha256.New()
		size, err := io.Copy(digest, response.Body)
		_ = response.Body.Close()
		if err != nil {
			return assets, fmt.Errorf("fetching the file %s: %w", id, err)
		}
		assets = append(assets, Asset{ID: id, Size: size, SHA256: hex.EncodeToString(digest.Sum(nil))})
	}
	return assets, nil
}
