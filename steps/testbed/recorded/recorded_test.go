// Package recorded makes what package schematest keeps: the model's snapshots
// and databases of real servers. Without -record it only proves, with one
// server, that what is kept is what such a server says.
package recorded

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/node"
	"bunnyhop/internal/process"
	"bunnyhop/internal/sample"
	"bunnyhop/internal/schema/introspect"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps/testbed"
)

var (
	record = flag.String("record", "", "write fixtures to this folder (…/schematest/testdata)")
	match  = flag.String("match", "", "record only combinations whose name contains this")
)

// TestRecord makes the model on every version and vendor, and, on every
// vendor, upgrades the oldest to the newest.
func TestRecord(t *testing.T) {
	if *record == "" {
		t.Skip("records only when it is told to")
	}
	dir, err := filepath.Abs(*record)
	if err != nil {
		t.Fatal(err)
	}
	for _, vendor := range testbed.Vendors {
		for _, version := range schematest.Versions {
			if name := version + "-" + string(vendor); strings.Contains(name, *match) {
				t.Run(name, func(t *testing.T) { recordOne(t, dir, vendor, version) })
			}
		}
	}
}

// TestLive makes the model on a real server, the cheapest one, and compares
// what it says with what is kept and with what is read from its database.
func TestLive(t *testing.T) {
	fixture := schematest.Fresh(sample.Version, database.SQLite)
	s := newSite(t, fixture.Vendor, fixture.Version)
	s.make()
	kept, err := snapshot.Parse(fixture.Snapshot(t))
	if err != nil {
		t.Fatal(err)
	}
	s.serve(func(a *api) {
		live, err := snapshot.Fetch(context.Background(), directus.NewClient(a.base, a.token))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(kept, live); diff != "" {
			t.Errorf("the server and what is kept (-kept +server):\n%s", diff)
		}
	})
	db, err := connect.Open(context.Background(), s.config, connect.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	read, err := introspect.Read(context.Background(), db, introspect.Options{Version: fixture.Version})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(kept, read); diff != "" {
		t.Errorf("the database and what is kept (-kept +database):\n%s", diff)
	}
}

func recordOne(t *testing.T, dir string, vendor database.Vendor, version string) {
	s := newSite(t, vendor, version)
	s.make()
	s.keep(dir, version)
	if newest := schematest.Versions[len(schematest.Versions)-1]; version == schematest.Versions[0] {
		s.use(newest)
		s.cli("database", "migrate:latest")
		s.keep(dir, version+"-"+newest)
	}
}

// site is a Directus on an empty database.
type site struct {
	t            *testing.T
	vendor       database.Vendor
	dir, version string
	tree         string
	runtime      *node.Runtime
	config       database.Config
	port         int
}

func newSite(t *testing.T, vendor database.Vendor, version string) *site {
	s := &site{t: t, vendor: vendor, dir: t.TempDir()}
	switch vendor {
	case database.Postgres:
		s.config = postgrestest.Start(t)
	case database.MySQL:
		s.config = mysqltest.Start(t)
	default:
		s.config = database.Config{Client: "sqlite3", Filename: filepath.Join(s.dir, "data.db")}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	s.use(version)
	s.cli("bootstrap")
	return s
}

// use installs a version, or finds it in the cache.
func (s *site) use(version string) {
	s.version = version
	s.t.Setenv("XDG_CACHE_HOME", testbed.Cache(s.t))
	root := filepath.Join(s.dir, "project-"+version)
	if err := sample.Unpack(root); err != nil {
		s.t.Fatal(err)
	}
	s.tree, s.runtime = testbed.Install(s.t, root, version)
}

const email, password = "admin@example.com", "a long password 1"

func (s *site) environ() []string {
	env := append(s.runtime.Environ(os.Environ()),
		"HOST=127.0.0.1", "PORT="+strconv.Itoa(s.port), "PUBLIC_URL=http://127.0.0.1:"+strconv.Itoa(s.port), "KEY=k", "SECRET=a secret that is long enough for anything",
		"ADMIN_EMAIL="+email, "ADMIN_PASSWORD="+password, "TELEMETRY=false", "CACHE_SCHEMA=false", "STORAGE_LOCATIONS=local", "STORAGE_LOCAL_DRIVER=local",
		"STORAGE_LOCAL_ROOT="+filepath.Join(s.dir, "uploads"), "TEMP_PATH="+filepath.Join(s.dir, "tmp"), "EXTENSIONS_PATH="+filepath.Join(s.dir, "extensions"),
		"LOG_LEVEL=warn", "TZ=UTC", "DB_CLIENT="+s.config.Client)
	if s.vendor == database.SQLite {
		return append(env, "DB_FILENAME="+s.config.Filename)
	}
	c := s.config
	return append(env, "DB_HOST="+c.Host, "DB_PORT="+c.Port, "DB_DATABASE="+c.Name, "DB_USER="+c.User, "DB_PASSWORD="+c.Password, "DB_CHARSET=utf8mb4")
}

func (s *site) spec(args ...string) process.Spec {
	return process.Spec{
		Path: s.runtime.Node, Args: append([]string{filepath.Join(s.tree, "node_modules", "directus", "cli.js")}, args...),
		Dir: s.dir, Env: s.environ(), Grace: 10 * time.Second,
	}
}

func (s *site) cli(args ...string) {
	s.t.Helper()
	if err := process.Run(context.Background(), s.spec(args...)); err != nil {
		s.t.Fatal(err)
	}
}

// serve runs work while the server runs.
func (s *site) serve(work func(*api)) {
	s.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Minute)
	defer stop()
	serving, end := context.WithCancel(ctx)
	child, err := process.Start(serving, s.spec("start"))
	if err != nil {
		end()
		s.t.Fatal(err)
	}
	defer func() { end(); _ = child.Wait() }()
	base := "http://127.0.0.1:" + strconv.Itoa(s.port)
	gone := func() error {
		select {
		case <-child.Done():
			return fmt.Errorf("the server ended: %w", child.Wait())
		default:
			return nil
		}
	}
	if err := directus.NewClient(base, "").WaitReady(ctx, gone); err != nil {
		s.t.Fatal(err)
	}
	a := &api{t: s.t, base: base}
	var session struct {
		Token string `json:"access_token"`
	}
	a.call(http.MethodPost, "/auth/login", map[string]string{"email": email, "password": password}, &session)
	a.token = session.Token
	work(a)
}

// make makes the model, and then what is done behind Directus' back.
func (s *site) make() {
	s.t.Helper()
	major, _, _ := strings.Cut(s.version, ".")
	number, _ := strconv.Atoi(major)
	s.serve(func(a *api) {
		for _, r := range schematest.Model(s.vendor, number) {
			a.call(r.Method, r.Path, r.Body, nil)
		}
	})
	statements := schematest.Statements(s.vendor)
	switch s.vendor {
	case database.Postgres:
		postgrestest.Exec(s.t, s.config, statements...)
	case database.MySQL:
		mysqltest.Exec(s.t, s.config, statements...)
	default:
		s.run(exec.Command("sqlite3", "-bail", s.config.Filename, strings.Join(statements, ";\n")))
	}
}

// keep writes what the server says of its schema, and the database.
func (s *site) keep(dir, name string) {
	s.t.Helper()
	name += "-" + string(s.vendor)
	s.serve(func(a *api) {
		var snapshot json.RawMessage
		a.call(http.MethodGet, "/schema/snapshot", nil, &snapshot)
		s.write(filepath.Join(dir, name+".json.zst"), snapshot)
	})
	c := s.config
	switch s.vendor {
	case database.Postgres:
		cmd := exec.Command(postgrestest.Binary(s.t, "pg_dump"), "--no-owner", "--no-privileges", "--no-password", "--host", c.Host, "--port", c.Port,
			"--username", c.User, "--dbname", c.Name, "--exclude-table-data=directus_activity", "--exclude-table-data=directus_revisions")
		cmd.Env = append(os.Environ(), "PGPASSWORD="+c.Password)
		s.write(filepath.Join(dir, name+".sql.zst"), s.run(cmd))
	case database.MySQL:
		cmd := exec.Command(mysqltest.Binary(s.t, "mariadb-dump"), "--no-defaults", "--protocol", "tcp", "--host", c.Host, "--port", c.Port, "--user", c.User,
			"--default-character-set", "utf8mb4", "--skip-comments", "--ignore-table-data="+c.Name+".directus_activity", "--ignore-table-data="+c.Name+".directus_revisions", c.Name)
		cmd.Env = append(os.Environ(), "MYSQL_PWD="+c.Password)
		s.write(filepath.Join(dir, name+".sql.zst"), s.run(cmd))
	default:
		small := filepath.Join(s.dir, name+".db")
		s.run(exec.Command("sqlite3", "-bail", s.config.Filename, "VACUUM INTO '"+small+"'"))
		s.run(exec.Command("sqlite3", "-bail", small, "DELETE FROM directus_activity; DELETE FROM directus_revisions; VACUUM"))
		content, err := os.ReadFile(small)
		if err != nil {
			s.t.Fatal(err)
		}
		s.write(filepath.Join(dir, name+".db.zst"), content)
	}
}

func (s *site) run(cmd *exec.Cmd) []byte {
	s.t.Helper()
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("%s: %v\n%s", cmd.Path, err, &complaints)
	}
	return out.Bytes()
}

func (s *site) write(path string, content []byte) {
	s.t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, encoder.EncodeAll(content, nil), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// api is the REST interface of the running server.
type api struct {
	t           *testing.T
	base, token string
}

// call sends a request and reads the data of the answer.
func (a *api) call(method, path string, in, out any) {
	a.t.Helper()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			a.t.Fatal(err)
		}
	}
	request, err := http.NewRequest(method, a.base+path, bytes.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	response, err := testbed.Patient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		a.t.Fatalf("%s %s: %s\n%s\n%s", method, path, response.Status, body, answer)
	}
	if out == nil {
		return
	}
	var envelope struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(answer, &envelope); err != nil {
		a.t.Fatal(err)
	}
	if err := json.Unmarshal(envelope.Data, out); err != nil {
		a.t.Fatal(err)
	}
}
