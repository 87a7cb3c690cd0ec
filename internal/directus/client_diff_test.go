package directus_test

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
)

// uploads answers every upload, and notes what came.
func uploads(t *testing.T, answers ...answer) (*directus.Client, *[]string) {
	t.Helper()
	var came []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "multipart/form-data" {
			t.Errorf("content type %q", r.Header.Get("Content-Type"))
		}
		part, err := multipart.NewReader(r.Body, params["boundary"]).NextPart()
		if err != nil {
			t.Error(err)
			return
		}
		content, _ := io.ReadAll(part)
		came = append(came, r.Method+" "+r.URL.RequestURI()+" "+part.Header.Get("Content-Type")+" "+r.Header.Get("Authorization")+" "+string(content))
		a := answers[min(len(came), len(answers))-1]
		w.WriteHeader(a.status)
		_, _ = w.Write([]byte(a.body))
	}))
	t.Cleanup(server.Close)
	return directus.NewClient(server.URL, "secret-token"), &came
}

// TestSchemaDiff: before 12.2, force switches the checks off whatever it says,
// so it is not sent.
func TestSchemaDiff(t *testing.T) {
	t.Parallel()
	for explicit, query := range map[bool]string{false: "", true: "?force=false&mode=mirror"} {
		c, came := uploads(t, answer{200, `{"data":{"hash":"abc","diff":{"collections":[]}}}`})
		diff, err := c.SchemaDiff(t.Context(), []byte(`{"version":1}`), directus.DiffFlags{Explicit: explicit})
		if err != nil || diff.Hash != "abc" || string(diff.Diff) != `{"collections":[]}` {
			t.Errorf("%+v, %v", diff, err)
		}
		if diff := cmp.Diff([]string{"POST /schema/diff" + query + ` application/json Bearer secret-token {"version":1}`}, *came); diff != "" {
			t.Error("(-want +got)\n" + diff)
		}
	}
	c, _ := uploads(t, answer{204, ""})
	if diff, err := c.SchemaDiff(t.Context(), nil, directus.DiffFlags{}); diff != nil || err != nil {
		t.Errorf("nothing to change: %+v, %v", diff, err)
	}
	for name, a := range map[string]answer{
		"no JSON": {200, "<html>"}, "no data": {200, "{}"}, "no hash": {200, `{"data":{"diff":{}}}`}, "refused": {400, `{"errors":[{"message":"no","extensions":{"code":"INVALID_PAYLOAD"}}]}`},
	} {
		c, _ := uploads(t, a)
		if diff, err := c.SchemaDiff(t.Context(), nil, directus.DiffFlags{}); diff != nil || err == nil || strings.Contains(err.Error(), "secret-token") {
			t.Errorf("%s: %+v, %v", name, diff, err)
		}
	}
}

func TestSchemaApply(t *testing.T) {
	t.Parallel()
	busy := answer{503, `{"errors":[{"message":"Under pressure","extensions":{"code":"SERVICE_UNAVAILABLE"}}]}`}
	diff := directus.SchemaDiff{Hash: "abc", Diff: []byte(`{"fields":["<é>"]}`)}
	c, came := uploads(t, busy, answer{204, ""})
	if err := c.SchemaApply(t.Context(), diff, directus.DiffFlags{Explicit: true}); err != nil {
		t.Error(err)
	}
	sent := `POST /schema/apply?force=false application/json Bearer secret-token {"hash":"abc","diff":{"fields":["\u003cé\u003e"]}}`
	if diff := cmp.Diff([]string{sent, sent}, *came); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
	// A proxy that gave up may have passed the request on.
	c, came = uploads(t, answer{503, "<html>"})
	var refused *directus.APIError
	if err := c.SchemaApply(t.Context(), diff, directus.DiffFlags{}); !errors.As(err, &refused) || refused.Status != 503 || len(*came) != 1 {
		t.Errorf("%v, asked %d times", err, len(*came))
	}
}

func TestCollectionLimit(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`{"data":{"entitlements":{"collections":{"limit":25}}}}`:                            25,
		`{"data":{"entitlements":{"collections":{"limit":25,"overage":5,"addon":10}}}}`:     40,
		`{"data":{"entitlements":{"collections":{"limit":25,"overage":-1,"addon":10}}}}`:    -1,
		`{"data":{"entitlements":{"collections":{"limit":-1,"overage":1,"addon":null}}}}`:   -1,
		`{"data":{"entitlements":{"collections":{"limit":0,"overage":null,"addon":null}}}}`: 0,
	} {
		c := serve(t, map[string]answer{"GET /license": {200, body}})
		if got, err := c.CollectionLimit(t.Context()); got != want || err != nil {
			t.Errorf("%s: %d, %v", body, got, err)
		}
	}
	for _, a := range []answer{{200, `{"data":{"entitlements":{}}}`}, {403, ""}, {200, "{}"}} {
		if got, err := serve(t, map[string]answer{"GET /license": a}).CollectionLimit(t.Context()); err == nil {
			t.Errorf("%+v: %d", a, got)
		}
	}
}

func TestReadOneAndClearCache(t *testing.T) {
	t.Parallel()
	c := serve(t, map[string]answer{"POST /utils/cache/clear?system=true": {200, ""}, "GET /items/a%20b?limit=1": {200, `{"data":[]}`}})
	if err := c.ClearCache(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.ReadOne(t.Context(), "a b"); err != nil {
		t.Error(err)
	}
	if err := c.ReadOne(t.Context(), "gone"); err == nil {
		t.Error("a collection that is not known can be read")
	}
}
