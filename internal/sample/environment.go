package sample

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// Environment returns the text of the sample's .env for a server on the given
// port of the loopback address. KEY and SECRET are random, new with each call;
// the login is the documented one, whose hash is in the sample's database.
func Environment(port int) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# A demo project. The server is reachable from this machine only.")
	line("HOST=127.0.0.1")
	line("PORT=%d", port)
	line("PUBLIC_URL=http://127.0.0.1:%d", port)
	line("")
	line("DB_CLIENT=sqlite3")
	line("DB_FILENAME=./data.db")
	line("")
	line("# Made for this folder; nothing else uses them.")
	line("KEY=%s", secret())
	line("SECRET=%s", secret())
	line("")
	line("# The demo's login. Its other users have the same password.")
	line("ADMIN_EMAIL=%s", AdminEmail)
	line("ADMIN_PASSWORD=%s", AdminPassword)
	line("")
	line("STORAGE_LOCATIONS=local")
	line("STORAGE_LOCAL_DRIVER=local")
	line("STORAGE_LOCAL_ROOT=./uploads")
	line("")
	line("TELEMETRY=false")
	return []byte(b.String())
}

// secret returns 52 random characters: Directus 12 asks for 32 or more.
func secret() string { return rand.Text() + rand.Text() }
