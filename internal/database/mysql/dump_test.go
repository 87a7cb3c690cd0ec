package mysql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
)

func dumpOf(t testing.TB, config database.Config) (string, database.DumpInfo) {
	t.Helper()
	db := open(t, config, database.ReadOnly)
	defer db.Close()
	dump := filepath.Join(t.TempDir(), "database.sql.zst")
	info, err := db.Dump(context.Background(), dump, &told{t: t})
	if err != nil {
		t.Fatal(err)
	}
	if !info.FromSource || info.Fingerprint == nil {
		t.Fatalf("the dump has no state: %+v", info)
	}
	return dump, info
}

// scratchOf restores a dump into a scratch database, dropped when the test
// ends, and returns how to reach it.
func scratchOf(t testing.TB, config database.Config, dump, name string) database.Config {
	t.Helper()
	scratch, err := RestoreScratch(context.Background(), config, dump, name, &told{t: t})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := DropScratch(context.Background(), scratch); err != nil {
			t.Error(err)
		}
	})
	return scratch
}

// textOf is what a dump holds.
func textOf(t testing.TB, dump string) string {
	t.Helper()
	data, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	text, err := decoder.DecodeAll(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDumpAndRestore(t *testing.T) {
	ctx := context.Background()
	admin := mysqltest.Start(t)
	config := mysqltest.User(t, admin, mysqltest.CreateDatabases, "SELECT ON mysql.help_topic")
	newsroom(t, config)
	dump, info := dumpOf(t, config)
	data, err := os.ReadFile(dump)
	if sum := sha256.Sum256(data); err != nil || hex.EncodeToString(sum[:]) != info.SHA256 || int64(len(data)) != info.Bytes {
		t.Errorf("%d bytes, %v; the dump was said to have %d bytes and the digest %s", len(data), err, info.Bytes, info.SHA256)
	}
	text := textOf(t, dump)
	for _, secret := range []string{config.Password, "DEFINER="} {
		if strings.Contains(text, secret) {
			t.Errorf("the dump holds %q", secret)
		}
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "dumped")
	equal(t, *info.Fingerprint, fingerprintOf(t, scratchOf(t, config, dump, "bunnyhop_a")), "scratch")
	for _, restore := range []func() error{
		func() error { return Restore(ctx, config, dump, &told{t: t}) },
		func() error { return RestoreInPlace(ctx, config, dump, &told{t: t}) },
	} {
		mysqltest.Exec(t, config, "DELETE FROM kinds", "CREATE TABLE later (a int)", "DROP TABLE nothing", "DROP VIEW aa", "CREATE VIEW late AS SELECT 1 AS a", "DROP EVENT tidy")
		if err := restore(); err != nil {
			t.Fatal(err)
		}
		equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
	}
}
