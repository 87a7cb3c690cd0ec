package directus_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/directus/fixture"
)

func TestReadGrace(t *testing.T) {
	t.Parallel()
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	const old = "UPDATE directus_migrations SET timestamp = '2025-01-01 00:00:00'"
	upgrade := day("2026-11-21 12:00:00")
	for name, c := range map[string]struct {
		version, change string
		want            directus.Grace
	}{
		"before 12": {"11.17.4", old, directus.Grace{
			Upgraded: upgrade, Oldest: day("2025-01-01 00:00:00"), Given: true, Ends: day("2026-12-21 12:00:00"),
		}},
		"on 12": {"12.4.0", old + "; UPDATE directus_migrations SET timestamp = '2026-07-01 08:00:00' WHERE version = '20260507A'", directus.Grace{
			Upgraded: day("2026-07-01 08:00:00"), Oldest: day("2025-01-01 00:00:00"), Given: true, Ends: day("2026-07-31 08:00:00"),
		}},
		"not a day old": {"12.4.0", old + "; UPDATE directus_migrations SET timestamp = '2025-01-01 23:59:59' WHERE version = '20260507A'", directus.Grace{
			Upgraded: day("2025-01-01 23:59:59"), Oldest: day("2025-01-01 00:00:00"), Ends: day("2025-01-01 23:59:59"),
		}},
		"nothing recorded": {"11.17.4", "DELETE FROM directus_migrations", directus.Grace{Upgraded: upgrade, Ends: upgrade}},
	} {
		got, err := directus.ReadGrace(t.Context(), fixture.Open(t, c.version).Exec(t, c.change), upgrade)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestLicenceStatus(t *testing.T) {
	t.Parallel()
	ends := time.Date(2026, 12, 21, 0, 0, 0, 0, time.UTC)
	grace := directus.Grace{Given: true, Ends: ends}
	over := directus.Usage{SSOUsers: []string{"a"}, Denied: []directus.DeniedRule{{}}}
	within := directus.Usage{Seats: make([]string, 3), Collections: make([]string, 25), ActiveFlows: make([]string, 5), Denied: over.Denied, CustomLLM: true}
	for name, c := range map[string]struct {
		grace directus.Grace
		usage directus.Usage
		at    time.Time
		want  directus.LicenceStatus
	}{
		"within, whatever the rules": {grace, within, ends.AddDate(1, 0, 0), directus.LicenceActive},
		"in time":                    {grace, over, ends.Add(-time.Second), directus.LicenceGrace},
		"over":                       {grace, over, ends, directus.LicenceLocked},
		"no time given":              {directus.Grace{Ends: ends}, over, ends.Add(-time.Hour), directus.LicenceLocked},
	} {
		if got := c.grace.Status(c.usage, c.at); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestOldestActivity(t *testing.T) {
	t.Parallel()
	db := fixture.Open(t, "11.17.4").Exec(t, "DELETE FROM directus_activity")
	if at, err := directus.OldestActivity(t.Context(), db); err != nil || !at.IsZero() {
		t.Errorf("empty: %v, %v", at, err)
	}
	// SQLite holds milliseconds where Directus wrote the row.
	db.Exec(t, "INSERT INTO directus_activity (action, timestamp, collection, item) VALUES ('login', 1738576800000, 'x', '1'), ('login', 1738580400000, 'x', '1')")
	if at, err := directus.OldestActivity(t.Context(), db); err != nil || !at.Equal(time.Date(2025, 2, 3, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("%v, %v", at, err)
	}
	db.Exec(t, "DROP TABLE directus_activity")
	if at, err := directus.OldestActivity(t.Context(), db); err != nil || !at.IsZero() {
		t.Errorf("no table: %v, %v", at, err)
	}
}

func TestDeniedRulesSayWhoHasThem(t *testing.T) {
	t.Parallel()
	const editor = "9bfd3499-0ddc-4f32-8980-6d7103a5a1a0"
	db := fixture.Open(t, "11.17.4").Exec(t,
		"INSERT INTO directus_access (id, user, policy) SELECT 'x', id, '"+editor+"' FROM directus_users WHERE email = 'u4@example.com'",
		"INSERT INTO directus_permissions (id, collection, action, policy) VALUES (90, 'posts', 'share', '"+editor+"')",
		"INSERT INTO directus_permissions (id, collection, action, policy, fields) VALUES (91, 'posts', 'read', 'f3cbadd8-cf9a-4ff0-b21c-7886ab2a869e', 'id')")
	usage, err := directus.ReadUsage(t.Context(), db, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]directus.DeniedRule{}
	for _, rule := range usage.Denied {
		found[rule.ID] = rule
	}
	if diff := cmp.Diff([]string{"role Editor", "user u4@example.com"}, found["90"].Holders); diff != "" || !found["90"].Empty {
		t.Errorf("%+v\n%s", found["90"], diff)
	}
	if !found["91"].Admin || found["91"].Empty || found["1"].Owner != "Public" || found["1"].Holders != nil {
		t.Errorf("%+v\n%+v", found["91"], found["1"])
	}
}
