package postgres

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"bunnyhop/internal/database/ticker"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

// tick is how often a tool's progress is looked at.
const tick = 300 * time.Millisecond

// busy tells that something goes on that cannot be measured, until stop is
// called.
func busy(label string, report progress.Reporter) (stop func()) {
	return ticker.Start(tick, func() { report.Progress(label, progress.Steps, 0, 0) })
}

// dumpWatch tells how far pg_dump has come: by the tables that it says it has
// begun, weighed by their size, and within a table by the growth of the file.
type dumpWatch struct {
	report progress.Reporter
	path   string
	sizes  map[string]int64 // by what pg_dump calls a table: schema.name
	total  int64
	stop   func()

	mu      sync.Mutex
	before  int64 // the sizes of the tables that are done
	current int64 // of the one that is not
	from    int64 // the size of the file when it began
	over    bool
}

// dumping is the line with which pg_dump begins a table.
var dumping = regexp.MustCompile(`^pg_dump: dumping contents of table "(.*)"$`)

func watchDump(path string, tables []table, report progress.Reporter) *dumpWatch {
	w := &dumpWatch{report: report, path: path, sizes: map[string]int64{}}
	for _, t := range tables {
		w.sizes[t.Schema+"."+t.Name] = t.Bytes
		w.total += t.Bytes
	}
	report.Progress("database", progress.Bytes, 0, w.total)
	w.stop = ticker.Start(tick, w.look)
	return w
}

func (w *dumpWatch) line(line string) {
	m := dumping.FindStringSubmatch(line)
	if m == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before += w.current
	w.current, w.from = w.sizes[m[1]], sizeOf(w.path)
}

func (w *dumpWatch) dumped() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before, w.current, w.over = w.total, 0, true
}

func (w *dumpWatch) look() {
	w.mu.Lock()
	done := w.before + min(w.current, sizeOf(w.path)-w.from)
	w.mu.Unlock()
	w.report.Progress("database", progress.Bytes, min(done, w.total), w.total)
}

// Progress makes the watch the reporter of the fingerprint beside the dump,
// which is only told once the dump is done.
func (w *dumpWatch) Progress(label string, unit progress.Unit, done, total int64) {
	w.mu.Lock()
	over := w.over
	w.mu.Unlock()
	if over {
		w.report.Progress(label, unit, done, total)
	}
}

func (w *dumpWatch) Output(line string) { w.report.Output(line) }

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// restoreWatch tells how far pg_restore has come: by the place in the dump
// where it reads, and when all rows are in, by the indexes and constraints
// that it makes.
type restoreWatch struct {
	report      progress.Reporter
	path        string
	size        int64
	after, made int64 // entries after the rows, and those begun
	stop        func()

	mu  sync.Mutex
	pid int
	top int64
}

func watchRestore(path string, entries []entry, report progress.Reporter) *restoreWatch {
	w := &restoreWatch{report: report, path: path, size: sizeOf(path)}
	for _, e := range entries {
		if e.is(postData...) {
			w.after++
		}
	}
	w.stop = ticker.Start(tick, w.look)
	return w
}

// postData are the kinds of entries that are made when all rows are in.
var postData = []string{"INDEX", "CONSTRAINT", "FK CONSTRAINT", "TRIGGER"}

// making is the line with which pg_restore begins an entry.
var making = regexp.MustCompile(`^pg_restore: creating (.*)$`)

func (w *restoreWatch) start(info process.Info) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pid = info.PID
}

func (w *restoreWatch) line(line string) {
	if m := making.FindStringSubmatch(line); m != nil && (entry{text: m[1]}).is(postData...) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.made++
	}
}

func (w *restoreWatch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.made > 0 {
		w.report.Progress("indexes and constraints", progress.Steps, w.made, max(w.after, w.made))
		return
	}
	w.top = max(w.top, positionIn(w.pid, w.path))
	w.report.Progress("database", progress.Bytes, w.top, w.size)
}

// positionIn is where a process reads a file.
func positionIn(pid int, path string) int64 {
	if pid == 0 {
		return 0
	}
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	entries, _ := os.ReadDir(filepath.Join(dir, "fd"))
	for _, e := range entries {
		if link, err := os.Readlink(filepath.Join(dir, "fd", e.Name())); err != nil || link != path {
			continue
		}
		data, _ := os.ReadFile(filepath.Join(dir, "fdinfo", e.Name()))
		for line := range strings.Lines(string(data)) {
			if text, ok := strings.CutPrefix(line, "pos:"); ok {
				position, _ := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
				return position
			}
		}
	}
	return 0
}
