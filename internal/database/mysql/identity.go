package mysql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"bunnyhop/internal/database"
)

// Identity reads which server and which schema this is. A restore, which
// swaps the tables, does not change it.
func (d *DB) Identity(ctx context.Context) (database.Identity, error) {
	id := database.Identity{Vendor: database.MySQL, Host: d.config.Host}
	if !d.config.IsSocket() {
		id.Host += ":" + d.config.PortOr(defaultPort)
	}
	err := d.sql.QueryRowContext(ctx, "SELECT VERSION(), coalesce(DATABASE(), '')").Scan(&id.ServerVersion, &id.Name)
	if err == nil {
		id.SystemID, err = d.system(ctx)
	}
	if err != nil {
		return id, fmt.Errorf("reading who the database is: %w", describe(err, d.config))
	}
	return id, nil
}

// system identifies the server: MySQL by the number that it gave itself when
// its data folder was made. MariaDB has none (before 11.4); there it is where
// the server runs and keeps its data.
func (d *DB) system(ctx context.Context) (string, error) {
	if !d.version.maria {
		var id string
		err := d.sql.QueryRowContext(ctx, "SELECT @@server_uuid").Scan(&id)
		return "server " + id, err
	}
	var host, folder string
	var port int
	if err := d.sql.QueryRowContext(ctx, "SELECT @@hostname, @@port, @@datadir").Scan(&host, &port, &folder); err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", host, port, folder))
	return "server " + hex.EncodeToString(sum[:16]), nil
}

// Size is the size of the tables on the server, with their indexes, as far as
// the server's statistics tell.
func (d *DB) Size(ctx context.Context) (int64, error) {
	var size int64
	err := d.sql.QueryRowContext(ctx, `SELECT CAST(coalesce(sum(data_length + index_length), 0) AS SIGNED)
		FROM information_schema.tables WHERE table_schema = DATABASE()`).Scan(&size)
	if err != nil {
		return 0, fmt.Errorf("reading the size of the database: %w", describe(err, d.config))
	}
	return size, nil
}
