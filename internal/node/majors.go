// Package node finds the Node that a Directus version needs: the one on PATH
// if it fits, else one that was fetched before, else one fetched now from the
// npm registry.
package node

import "github.com/Masterminds/semver/v3"

// tested says on which Node majors a range of Directus versions was seen to
// work, the preferred one first. It is not what the packages declare: engines
// has no upper bound (directus 12.4.1: "node": ">=22"), so npm accepts a Node
// on which a native module does not compile.
//
// The upper end of each row is set by isolated-vm, which runs the scripts of
// flows and follows V8's own interfaces; sqlite3, argon2 and sharp use the
// stable one (Node-API) and load on any newer Node.
var tested = []struct {
	from   string // inclusive; the row ends where the one above begins
	majors []int
}{
	// The newest tested release is of 12.4. From 12.6.0 on the official image
	// moves to Node 26 with another isolated-vm; not tested, so not listed.
	{"12.6.0-0", nil},
	// engines >=22 from 11.4.0 on; isolated-vm 5.0.3 does not compile on 24.
	{"11.4.0-0", []int{22}},
	// engines >=18; isolated-vm 5.0.1 compiles and runs on 20 and 22.
	{"11.1.2-0", []int{22, 20, 18}},
	// engines >=18, the official images had 18. isolated-vm (4.6.0 from 10.6.0
	// on, 4.7.2 from 10.9.2 on) compiles and runs on 20; on 22 it does not
	// compile. 10.13.4 as a whole was run on 20.
	{"9.26.0-0", []int{18, 20}},
	// The official images of those days had 16; engines >=12.20.
	{"9.0.0-0", []int{16, 18}},
}

// Majors returns the Node majors on which a Directus version was seen to
// work, the preferred one first. The result is empty for a version that is
// unknown, too old or too new to have been tested.
func Majors(directus string) []int {
	version, err := semver.NewVersion(directus)
	if err != nil {
		return nil
	}
	for _, row := range tested {
		if !version.LessThan(semver.MustParse(row.from)) {
			return append([]int(nil), row.majors...)
		}
	}
	return nil
}
