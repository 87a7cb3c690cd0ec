package directus_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
)

// answer is one recorded answer of a real server.
type answer struct {
	status int
	body   string
}

func serve(t *testing.T, answers map[string]answer) *directus.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := answers[r.Method+" "+r.URL.RequestURI()]
		if !ok {
			a = answer{http.StatusNotFound, `{"errors":[{"message":"Route doesn't exist.","extensions":{"code":"ROUTE_NOT_FOUND"}}]}`}
		}
		if strings.Contains(a.body, "needs token") && r.Header.Get("Authorization") != "Bearer secret-token" {
			a = answer{http.StatusUnauthorized, `{"errors":[{"message":"Invalid user credentials.","extensions":{"code":"INVALID_CREDENTIALS"}}]}`}
		}
		w.WriteHeader(a.status)
		_, _ = w.Write([]byte(a.body))
	}))
	t.Cleanup(server.Close)
	return directus.NewClient(server.URL+"/", "secret-token")
}

func TestClientReads(t *testing.T) {
	t.Parallel()
	c := serve(t, map[string]answer{
		"GET /server/ping":                    {200, "pong"},
		"GET /server/info":                    {200, `{"data":{"project":{"project_name":"News","note":"needs token"},"version":"11.17.4"}}`},
		"GET /server/health":                  {503, `{"status":"error","releaseId":"11.17.4","serviceId":"x","checks":{"email:connection":[{"status":"error"}]}}`},
		"GET /schema/snapshot":                {200, `{"data":{"version":1,"directus":"11.17.4"}}`},
		"GET /extensions":                     {200, `{"data":[{"id":"1","bundle":null,"schema":{"name":"hook","type":"hook","version":"1.2.3"},"meta":{"enabled":true,"folder":"my-hook","source":"local"}},{"id":"2","bundle":null,"schema":null,"meta":{"enabled":true,"folder":"gone","source":"registry"}}]}`},
		"GET /items/posts?aggregate[count]=*": {200, `{"data":[{"count":20}]}`},
		"GET /items/a%20b?aggregate[count]=*": {200, `{"data":[{"count":"7"}]}`},
		"GET /assets/1":                       {200, "abc"},
	})
	ctx := t.Context()
	if err := c.Ping(ctx); err != nil {
		t.Error(err)
	}
	if info, err := c.Info(ctx); err != nil || info != (directus.Info{Version: "11.17.4", ProjectName: "News"}) {
		t.Errorf("%+v, %v", info, err)
	}
	if health, err := c.Health(ctx); err != nil || health.Status != "error" || health.Release != "11.17.4" || health.Checks["email:connection"][0].Status != "error" {
		t.Errorf("%+v, %v", health, err)
	}
	if raw, err := c.Snapshot(ctx); err != nil || string(raw) != `{"version":1,"directus":"11.17.4"}` {
		t.Errorf("%s, %v", raw, err)
	}
	extensions, err := c.Extensions(ctx)
	want := []directus.LoadedExtension{
		{Name: "hook", Type: "hook", Version: "1.2.3", Source: directus.Local, Enabled: true, Found: true},
		{Name: "gone", Source: directus.Registry, Enabled: true},
	}
	if diff := cmp.Diff(want, extensions); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for name, n := range map[string]int{"posts": 20, "a b": 7} {
		if got, err := c.Count(ctx, name); got != n || err != nil {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	assets, err := c.AssetSample(ctx, []string{"1"})
	if err != nil || len(assets) != 1 || assets[0].Size != 3 || !strings.HasPrefix(assets[0].SHA256, "ba7816bf") {
		t.Errorf("%+v, %v", assets, err)
	}
	var refused *directus.APIError
	if _, err := c.AssetSample(ctx, []string{"1", "2"}); !errors.As(err, &refused) || refused.Status != 404 {
		t.Errorf("a missing file: %v", err)
	}
}

func TestClientInfoBefore10_2(t *testing.T) {
	t.Parallel()
	c := serve(t, map[string]answer{"GET /server/info": {200, `{"data":{"project":{"project_name":"Old"},"directus":{"version":"9.26.0"}}}`}})
	if info, err := c.Info(t.Context()); err != nil || info.Version != "9.26.0" {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestClientNeverTakesARefusalForAnEmptyList(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]answer{
		"forbidden":    {403, `{"errors":[{"message":"You don't have permission to access this.","extensions":{"code":"FORBIDDEN"}}]}`},
		"no JSON":      {200, "<html>"},
		"cut off":      {200, `{"data":[{"id"`},
		"no data":      {200, `{}`},
		"null":         {200, `{"data":null}`},
		"redirect":     {302, ""},
		"other things": {200, `{"data":{"a":1}}`},
	} {
		c := serve(t, map[string]answer{"GET /extensions": a, "GET /items/x?aggregate[count]=*": a})
		if list, err := c.Extensions(t.Context()); err == nil {
			t.Errorf("%s: extensions %v", name, list)
		} else if strings.Contains(err.Error(), "secret-token") {
			t.Errorf("%s: the token is in the error", name)
		}
		if n, err := c.Count(t.Context(), "x"); err == nil {
			t.Errorf("%s: count %d", name, n)
		}
	}
	if c := serve(t, map[string]answer{"GET /server/ping": {200, "<html>"}}); c.Ping(t.Context()) == nil {
		t.Error("something that is not Directus is no pong")
	}
}

func TestClientLogin(t *testing.T) {
	t.Parallel()
	c := serve(t, map[string]answer{
		"POST /auth/login": {200, `{"data":{"access_token":"secret-token","expires":900000}}`},
		"GET /server/info": {200, `{"data":{"version":"1.0.0","note":"needs token"}}`},
	})
	if err := c.Login(t.Context(), "a@example.com", "pw"); err != nil {
		t.Fatal(err)
	}
	if info, err := c.Info(t.Context()); err != nil || info.Version != "1.0.0" {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestWaitReady(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("pong"))
	}))
	defer server.Close()
	if err := directus.NewClient(server.URL, "").WaitReady(t.Context(), nil); err != nil || asked.Load() != 3 {
		t.Errorf("%d, %v", asked.Load(), err)
	}
	nobody := directus.NewClient("http://127.0.0.1:1", "")
	gone := errors.New("the process is gone")
	if err := nobody.WaitReady(t.Context(), func() error { return gone }); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := nobody.WaitReady(ctx, nil); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v", err)
	}
}

// A server that has just started turns requests away while it is busy.
func TestClientAsksABusyServerAgain(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"errors":[{"message":"Under pressure","extensions":{"code":"SERVICE_UNAVAILABLE"}}]}`))
			return
		}
		_, _ = w.Write([]byte(`{"data":[]}`))
	}))
	defer server.Close()
	if _, err := directus.NewClient(server.URL, "t").Extensions(t.Context()); err != nil || asked != 3 {
		t.Errorf("asked %d times: %v", asked, err)
	}
}
