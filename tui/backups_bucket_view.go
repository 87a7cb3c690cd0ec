package tui

import (
	"strings"
)

// where says in a word where a backup is. Before the bucket was read nobody
// knows whether it holds one that is here.
func (s *backupsScreen) where(b *Backup) string {
	raw := b
	if i := s.index(b); i >= 0 {
		raw = &s.all.Backups[i]
	}
	switch _, badCopy := s.bad(raw); {
	case b.Dir == "":
		return "bucket"
	case b.Copy != nil && badCopy:
		return "both " + s.c.g.warn
	case b.Copy != nil:
		return "both"
	case !s.bucket.known():
		return "here ?"
	}
	return "here"
}

// index is the place of a backup in the list as it is shown.
func (s *backupsScreen) index(b *Backup) int {
	for i := range s.shown.Backups {
		if &s.shown.Backups[i] == b {
			return i
		}
	}
	return -1
}

// placesText counts what is where.
func (s *backupsScreen) placesText() string {
	if s.here.Bucket == "" || !s.bucket.known() {
		return ""
	}
	var here, copied int
	for i := range s.all.Backups {
		if s.all.Backups[i].Dir != "" {
			here++
		}
		if s.all.Backups[i].Copy != nil {
			copied++
		}
	}
	return count(here) + " here " + s.c.g.dot + " " + count(copied) + " in the bucket"
}

// emptyWhere is where it is known that there are no backups.
func (s *backupsScreen) emptyWhere() string {
	switch {
	case s.shown.Bucket == "":
		return "yet"
	case s.bucket.known():
		return "yet, here or in the bucket"
	}
	return "here"
}

// bucketText is the bucket, and how the look at it stands where it is not over.
func (s *backupsScreen) bucketText() string {
	switch {
	case s.bucket.reading != nil:
		return s.shown.Bucket + " (it is being read)"
	case s.bucket.err != nil:
		return s.shown.Bucket + ": " + problemText(s.bucket.err)
	}
	return s.shown.Bucket
}

// aboutCopy is what there is to say of a backup's copy in the bucket.
func (s *backupsScreen) aboutCopy(b *Backup, w int) []string {
	c := s.c
	if s.here.Bucket == "" {
		return nil
	}
	if b.Copy == nil {
		return c.rowAt(aboutColumn, "in bucket", s.noCopyText(), w)
	}
	var lines []string
	if b.Copy.Problem != "" {
		lines = append(append(lines, ""), c.failureAt(aboutColumn, b.Copy.Problem, "", b.Copy.Hint, w)...)
		return append(lines, "")
	}
	parts := []string{"since " + b.Copy.Uploaded.Local().Format("2 January 2006, 15:04"), size(b.Copy.Stored) + " stored"}
	if b.Copy.Encrypted {
		parts = append(parts, "encrypted")
	} else {
		parts = append(parts, "not encrypted")
	}
	if !b.Copy.Proved && b.Proof != nil {
		parts = append(parts, "sent before it was proved")
	}
	lines = c.rowAt(aboutColumn, "in bucket", strings.Join(parts, ", "), w)
	if b.Copy.Host != "" {
		lines = append(lines, c.rowAt(aboutColumn, "made on", b.Copy.Host+", another machine", w)...)
	}
	s.several(&lines, "opened by", b.Copy.Keys, w)
	return lines
}

// noCopyText says why a backup that is here is not known to be in the bucket.
func (s *backupsScreen) noCopyText() string {
	switch {
	case s.bucket.err != nil:
		return "not known: " + cleanText(s.bucket.err.Error())
	case !s.bucket.known():
		return "not known yet; it is being read"
	}
	return "no"
}
