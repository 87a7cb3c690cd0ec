package disk

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"
)

// Need is something that will be written.
type Need struct {
	Path string // where; it need not exist yet
	What string // "the packages of the new version"
	Room Room
}

// Short is a filesystem on which not all that is needed fits.
type Short struct {
	Path string // one of the needs', to name the filesystem
	What []string
	Need Room // with the reserve
	Free Room
}

// String says it in one line.
func (s Short) String() string {
	var lacks []string
	if s.Need.Bytes > s.Free.Bytes {
		lacks = append(lacks, fmt.Sprintf("about %s are needed, %s are free", Size(s.Need.Bytes), Size(s.Free.Bytes)))
	}
	if s.Need.Files > s.Free.Files {
		lacks = append(lacks, fmt.Sprintf("about %d files (inodes) are needed, %d are free", s.Need.Files, s.Free.Files))
	}
	return fmt.Sprintf("%s: %s (%s)", s.Path, strings.Join(lacks, "; "), strings.Join(s.What, ", "))
}

// Size writes a number of bytes for people.
func Size(n int64) string { return humanize.Bytes(uint64(max(n, 0))) } //nolint:gosec // not negative

// Check adds up what goes to the same filesystem, with a reserve of a fifth,
// and returns those that are too full for it, in the order of the needs.
func Check(needs []Need) ([]Short, error) {
	var all []*Short
	byDevice := map[uint64]*Short{}
	for _, need := range needs {
		if need.Room.Bytes <= 0 && need.Room.Files <= 0 {
			continue
		}
		var stat unix.Stat_t
		if _, err := nearest(need.Path, func(path string) error { return unix.Stat(path, &stat) }); err != nil {
			return nil, fmt.Errorf("looking for free space: %w", err)
		}
		device := uint64(stat.Dev) //nolint:unconvert // 32 bits elsewhere
		s := byDevice[device]
		if s == nil {
			s = &Short{Path: need.Path}
			byDevice[device] = s
			all = append(all, s)
		}
		s.Need.Bytes += max(need.Room.Bytes, 0)
		s.Need.Files += max(need.Room.Files, 0)
		if !slices.Contains(s.What, need.What) {
			s.What = append(s.What, need.What)
		}
	}
	var short []Short
	var errs []error
	for _, s := range all {
		var err error
		if s.Free, err = Free(s.Path); err != nil {
			errs = append(errs, err)
			continue
		}
		s.Need.Bytes += s.Need.Bytes / 5
		s.Need.Files += s.Need.Files / 5
		if s.Need.Bytes > s.Free.Bytes || s.Need.Files > s.Free.Files {
			short = append(short, *s)
		}
	}
	return short, errors.Join(errs...)
}
