package digest

import (
	"sync"

	"bunnyhop/internal/progress"
)

// reportEvery is the number of rows between two progress reports, and
// reportBytes the number of bytes, of tables with long rows.
const (
	reportEvery = 8192
	reportBytes = 4 << 20
)

// Counter counts rows over all tables and reports them now and then. It may be
// used by several goroutines.
type Counter struct {
	Report     progress.Reporter
	Total      int64 // may be an estimate
	mu         sync.Mutex
	done       int64
	unreported int
}

// Start reports that no row was read yet.
func (c *Counter) Start() { c.Report.Progress("fingerprint", progress.Rows, 0, c.Total) }

// Row counts a row of so many bytes.
func (c *Counter) Row(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	c.unreported += bytes
	if c.done%reportEvery == 0 || c.unreported > reportBytes {
		c.unreported = 0
		c.Report.Progress("fingerprint", progress.Rows, c.done, max(c.Total, c.done))
	}
}

// End reports that all rows were read.
func (c *Counter) End() { c.Report.Progress("fingerprint", progress.Rows, c.done, c.done) }
