package advisory_test

import (
	"testing"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database/mysqltest"
)

func TestDecimalsOnMariaDB(t *testing.T) {
	t.Parallel()
	admin := mysqltest.Start(t)
	owner := mysqltest.User(t, admin, mysqltest.CreateDatabases)
	mysqltest.Exec(t, owner, "CREATE TABLE directus_files (id int, focal decimal(5,2))", "CREATE TABLE goods (id int, weight double)")
	in := onServer(t, owner, "10.13.4", "11.17.4")
	assess := func() advisory.Assessment {
		t.Helper()
		a, err := advisory.AssessOne(t.Context(), "11.0-decimals", in)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := assess(); a.Outcome != advisory.DoesNotApply || a.Why == "" {
		t.Errorf("without decimals: %+v", a)
	}
	mysqltest.Exec(t, owner, "ALTER TABLE goods ADD COLUMN price decimal(10,2)")
	if a := assess(); a.Outcome != advisory.Applies || len(a.Evidence) != 1 || a.Evidence[0] != "goods.price" {
		t.Errorf("with decimals: %+v", a)
	}
}
