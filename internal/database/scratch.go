package database

import (
	"regexp"
	"strings"
)

// ScratchPrefix begins the name of every database that this program creates on
// a server for a test restore or a rehearsal. Nothing else is ever dropped.
const ScratchPrefix = "bunnyhop_"

var notInName = regexp.MustCompile("[^a-z0-9]+")

// ScratchName is the name of the scratch database that a run uses for a
// purpose ("prove").
func ScratchName(run, purpose string) string {
	return ScratchPrefix + inName(run) + "_" + inName(purpose)
}

// ScratchOf reports whether a database's name was made by ScratchName for the
// run, whatever the purpose.
func ScratchOf(name, run string) bool {
	return strings.HasPrefix(name, ScratchPrefix+inName(run)+"_")
}

func inName(text string) string {
	return strings.Trim(notInName.ReplaceAllString(strings.ToLower(text), "_"), "_")
}
