package mysql

import (
	"bytes"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"bunnyhop/internal/progress"
)

// toolOutput passes on what the dump tool puts out, and reads along: which
// table it is at, the numbers of its AUTO_INCREMENT columns, that its snapshot
// has begun, and that it has come to its end. Texts in rows have no line ends,
// so that no row is taken for anything else.
type toolOutput struct {
	to    io.Writer
	sizes map[string]int64 // of the tables
	total int64

	begun chan struct{} // closed at the first table
	once  sync.Once

	line  []byte // the beginning of the current line
	table string
	last  map[string]int64 // the last automatic numbers
	tail  []byte

	mu      sync.Mutex
	bytes   int64 // passed on
	from    int64 // bytes when the current table began
	before  int64 // the sizes of the tables that are done
	current int64 // that of the one that is not
}

// keptLine is how much of a line is looked at, and keptTail how much of the
// end of the output.
const (
	keptLine = 16 << 10
	keptTail = 256
)

func newToolOutput(to io.Writer, tables []table) *toolOutput {
	o := &toolOutput{to: to, sizes: map[string]int64{}, last: map[string]int64{}, begun: make(chan struct{})}
	for _, t := range tables {
		o.sizes[t.Name] = t.Bytes
		o.total += t.Bytes
	}
	return o
}

// Write implements io.Writer.
func (o *toolOutput) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		piece := rest
		if end >= 0 {
			piece = rest[:end]
		}
		if room := keptLine - len(o.line); room > 0 {
			o.line = append(o.line, piece[:min(room, len(piece))]...)
		}
		if end < 0 {
			break
		}
		o.read(o.line)
		o.line, rest = o.line[:0], rest[end+1:]
	}
	o.tail = append(o.tail, p[max(0, len(p)-keptTail):]...)
	o.tail = o.tail[max(0, len(o.tail)-keptTail):]
	n, err := o.to.Write(p)
	o.mu.Lock()
	o.bytes += int64(n)
	o.mu.Unlock()
	return n, err
}

var (
	createLine = []byte("CREATE TABLE ")
	optionLine = []byte(") ENGINE=")
	nextNumber = regexp.MustCompile(` AUTO_INCREMENT=(\d+)`)
)

// begin tells that the tool's snapshot has begun.
func (o *toolOutput) begin() { o.once.Do(func() { close(o.begun) }) }

func (o *toolOutput) read(line []byte) {
	switch {
	case bytes.HasPrefix(line, createLine):
		name, _ := strings.CutSuffix(string(line[len(createLine):]), " (")
		o.table = unquote(name)
		o.begin()
		o.mu.Lock()
		o.before += o.current
		o.current, o.from = o.sizes[o.table], o.bytes
		o.mu.Unlock()
	case bytes.HasPrefix(line, optionLine):
		before, _, _ := bytes.Cut(line, []byte(" COMMENT="))
		if m := nextNumber.FindSubmatch(before); m != nil {
			next, _ := strconv.ParseInt(string(m[1]), 10, 64)
			o.last[o.table] = max(next-1, 0)
		}
	}
}

// complete reports whether the tool has come to its end.
func (o *toolOutput) complete() bool {
	i := bytes.LastIndex(o.tail, []byte("\n-- Dump completed"))
	return i >= 0 && bytes.IndexByte(o.tail[i+1:], '\n') == len(o.tail[i+1:])-1
}

func (o *toolOutput) progress(report progress.Reporter) {
	o.mu.Lock()
	done := o.before + min(o.current, o.bytes-o.from)
	o.mu.Unlock()
	report.Progress("database", progress.Bytes, min(done, o.total), o.total)
}

// tick is how often progress is looked at. Tests shorten it.
var tick = 300 * time.Millisecond
