package upgrade

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
)

func TestTimeouts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options, connectionString string
		want                      map[string]string
	}{
		{"", "", map[string]string{}},
		{"-c statement_timeout=5s -c search_path=x --lock-timeout=100", "", map[string]string{"statement_timeout": "5s", "lock_timeout": "100"}},
		{"-c statement_timeout=5s", "postgres://u:p@h/d", map[string]string{}},
		{"", "postgres://u:p@h/d?statement_timeout=9000&options=-c%20statement_timeout%3D5s%20-c%20lock_timeout%3D1s", map[string]string{"statement_timeout": "9000", "lock_timeout": "1s"}},
	} {
		if diff := cmp.Diff(c.want, timeouts(c.options, c.connectionString)); diff != "" {
			t.Errorf("%q, %q: %s", c.options, c.connectionString, diff)
		}
	}
}

// The rules of servers find nothing in the sample while its own server runs on
// the database, and another session beside it.
func TestServerRulesOnTheSample(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	for _, vendor := range []database.Vendor{database.Postgres, database.MySQL} {
		t.Run(string(vendor), func(t *testing.T) {
			p := testbed.NewOn(t, vendor)
			p.Serve()
			found := serverRules(t, p)
			delete(found, "server-unsupported")    // as the days go by
			delete(found, "other-sessions-hidden") // as the user's rights are
			if vendor == database.MySQL {
				want := []string{"articles.budget", "authors.fee", "editions.price"}
				if !slices.Equal(found["11.0-decimals"], want) {
					t.Errorf("decimals: %v, want %v", found["11.0-decimals"], want)
				}
				delete(found, "11.0-decimals")
			}
			if len(found) > 0 {
				t.Errorf("%v", found)
			}
			if vendor != database.Postgres {
				return
			}
			replica := elsewhere(t, postgrestest.Binary(t, "psql"), p.Owner)
			found = serverRules(t, p)
			replica()
			text := strings.Join(found["other-sessions"], "\n")
			t.Log(text)
			if len(found) != 1 || strings.Count(text, " of role ") != 1 || !strings.Contains(text, "replica of role "+p.Owner.User+" from 127.0.0.1:") {
				t.Errorf("%v", found)
			}
		})
	}
}

// serverRules asks the rules of servers about a project.
func serverRules(t *testing.T, p *testbed.Project) map[string][]string {
	t.Helper()
	ctx := context.Background()
	place := site.New(site.Options{Root: p.Root, Environ: os.Environ()})
	detected, _, err := place.Look(ctx)
	if err != nil {
		t.Fatal(err)
	}
	db, err := place.Database(ctx, detected, connect.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	in, err := Gather(ctx, detected, db, "12.4.0")
	if err != nil {
		t.Fatal(err)
	}
	in.Connection.OwnPorts = ownPorts(ctx, place, detected)
	found := map[string][]string{}
	for _, rule := range advisory.Rules() {
		if !slices.Contains(rule.Vendors, in.Vendor) {
			continue
		}
		evidence, hit, err := rule.Detect(ctx, in)
		if err != nil {
			t.Errorf("%s: %v", rule.ID, err)
		}
		if hit {
			found[rule.ID] = evidence
		}
	}
	return found
}

// elsewhere opens a session from another process, and returns what ends it.
func elsewhere(t *testing.T, psql string, c database.Config) func() {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), psql, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--host", c.Host, "--port", c.Port, "--username", c.User, "--dbname", c.Name)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+c.Password, "PGAPPNAME=replica")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, "SELECT 'here';\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "here\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
}
