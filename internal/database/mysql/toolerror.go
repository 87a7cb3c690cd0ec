package mysql

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

// complaint finds the number in what a tool says went wrong:
//
//	ERROR 1064 (42000) at line 3: You have an error …
//	mariadb-dump: Got error: 1045: "Access denied …" when trying to connect
//	mysqldump: Error 2013: Lost connection …
//	mariadb-dump: Couldn't execute 'show create table `x`': … (1142)
var complaint = regexp.MustCompile(`(?i)\berror:? (\d{1,4})\b|\((\d{4})\)$`)

// describeTool turns the end of a tool into an error for a person. The lines
// are the tool's own and hold no password.
func describeTool(ctx context.Context, err error, config database.Config) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fault.Wrap(err, "the disk is full", "make room, then try again")
	}
	var exit *process.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	// What this program itself could not read or write comes first.
	if streamed := streamError(err); streamed != nil {
		return streamed
	}
	tool := filepath.Base(exit.Path)
	line, number := firstComplaint(exit.Last)
	if line == "" {
		line = err.Error()
	}
	cause := fmt.Errorf("%s: %s", tool, strings.TrimPrefix(line, tool+": "))
	if e := describeNumber(number, line, config); e != nil {
		e.Err = cause
		return e
	}
	if strings.Contains(line, "unknown option") || strings.Contains(line, "unknown variable") {
		return fault.Wrap(cause, tool+" does not know an option that bunnyhop needs", "install a newer one")
	}
	return fault.Wrap(cause, tool+" failed on "+config.String(), "see its message, and the server's log")
}

// streamError is the part of an error that is not the child's own end.
func streamError(err error) error {
	tree, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // the top of what process.Run returns
	if !ok {
		return nil
	}
	for _, part := range tree.Unwrap() {
		var exit *process.ExitError
		if !errors.As(part, &exit) {
			return part
		}
	}
	return nil
}

// firstComplaint is the first line with the number of an error; without any,
// the last line.
func firstComplaint(lines []string) (line string, number int) {
	for _, line := range lines {
		if m := complaint.FindStringSubmatch(line); m != nil {
			number, _ = strconv.Atoi(m[1] + m[2])
			return line, number
		}
	}
	if len(lines) > 0 {
		return lines[len(lines)-1], 0
	}
	return "", 0
}
