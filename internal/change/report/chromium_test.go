package report

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/html"

	"bunnyhop/internal/database/servertest"
)

// browser is a headless Chromium with a profile of its own. All that it asks
// the network for goes through a proxy that answers nothing.
type browser struct {
	program, dir string
	proxy        *httptest.Server
	mu           sync.Mutex
	asked        []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	err := servertest.Ensure("chromium", func() bool { return chromium() != "" }, func() (func(), error) { return func() {}, nil })
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{program: chromium(), dir: t.TempDir()}
	b.proxy = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.asked = append(b.asked, r.Host)
		b.mu.Unlock()
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(b.proxy.Close)
	return b
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// seen is a page after it was loaded.
type seen struct {
	*html.Node
	console []string
	asked   []string // hosts, but for what the browser wants of its own maker
}

// open loads an address and gives what the page is then. A file name for a
// picture may be empty.
func (b *browser) open(t *testing.T, address, picture string, flags ...string) seen {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	args := append([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
		"--user-data-dir=" + filepath.Join(b.dir, "profile"), "--window-size=1280,1600", "--enable-logging=stderr", "--v=0",
		"--proxy-server=" + b.proxy.URL, "--dump-dom",
	}, flags...)
	if picture != "" {
		args = append(args, "--screenshot="+picture)
	}
	cmd := exec.CommandContext(ctx, b.program, append(args, address)...)
	cmd.Env = append(os.Environ(), "HOME="+b.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", b.program, err, &log)
	}
	page, err := html.Parse(&out)
	if err != nil {
		t.Fatal(err)
	}
	s := seen{Node: page}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "CONSOLE") {
			s.console = append(s.console, strings.TrimSpace(line))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, host := range b.asked {
		if !strings.Contains(host, "google") {
			s.asked = append(s.asked, host)
		}
	}
	b.asked = nil
	return s
}

func (b *browser) write(t *testing.T, name, page string) (address string) {
	t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// quiet checks that a page loads nothing and has nothing to complain about.
func (s seen) quiet(t *testing.T) {
	t.Helper()
	if len(s.console)+len(s.asked) > 0 {
		t.Errorf("console %q, network %q", s.console, s.asked)
	}
}

// text is all that is in a page but for its script and style, and shown what
// of that is not hidden.
func (s seen) text(shown bool) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Data == "script" || n.Data == "style" || shown && attribute(n, "hidden") != nil {
			return
		}
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for child := range n.ChildNodes() {
			walk(child)
		}
	}
	walk(s.Node)
	return b.String()
}

// all are the elements of a class or, with a #, of an ID.
func (s seen) all(selector string) []*html.Node {
	var found []*html.Node
	for n := range s.Descendants() {
		class, id := attribute(n, "class"), attribute(n, "id")
		if class != nil && *class == selector || id != nil && "#"+*id == selector {
			found = append(found, n)
		}
	}
	return found
}

func attribute(n *html.Node, key string) *string {
	for _, a := range n.Attr {
		if a.Key == key {
			return &a.Val
		}
	}
	return nil
}

// unhidden are the IDs of the changes that the filter shows.
func (s seen) unhidden() []string {
	var ids []string
	for _, n := range s.all("change") {
		if attribute(n, "hidden") == nil {
			ids = append(ids, *attribute(n, "id"))
		}
	}
	return ids
}
