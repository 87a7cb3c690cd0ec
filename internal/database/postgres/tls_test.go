package postgres

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/progress"
)

// certificate makes a certificate for a host and its key, signed by itself.
func certificate(t *testing.T, host string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

// TestTLS makes encrypted connections with the driver and with the tools.
func TestTLS(t *testing.T) {
	ctx := context.Background()
	cert, key := certificate(t, "db.example")
	client, clientKey := certificate(t, "client")
	dir, err := os.MkdirTemp("", "certificates")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	account, err := user.Lookup("postgres")
	if err != nil || os.Getuid() != 0 {
		account, err = user.Current()
	}
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(account.Uid)
	for name, text := range map[string]string{"cert": cert, "key": key, "client": client} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(dir, name), uid, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(dir, uid, -1); err != nil {
		t.Fatal(err)
	}
	server := postgrestest.Private(t, "ssl=on", "ssl_cert_file="+dir+"/cert", "ssl_key_file="+dir+"/key", "ssl_ca_file="+dir+"/client")
	plain := postgrestest.User(t, server.Database(t), postgrestest.CreateDatabases)
	newsroom(t, plain)
	with := func(tls database.TLS) database.Config {
		c := plain
		c.TLS = &tls
		return c
	}
	for name, config := range map[string]database.Config{
		"not checked":        with(database.TLS{}),
		"checked":            with(database.TLS{Verify: true, CA: cert, ServerName: "db.example"}),
		"client certificate": with(database.TLS{Verify: true, CA: cert, ServerName: "db.example", Cert: client, Key: clientKey}),
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, config, database.ReadOnly)
			var encrypted bool
			if err := db.SQL().QueryRow("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&encrypted); err != nil || !encrypted {
				t.Errorf("encrypted: %v, %v", encrypted, err)
			}
			dump, info := dumpOf(t, config)
			scratch, err := RestoreScratch(ctx, config, dump, "bunnyhop_tls", progress.Discard)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, *info.Fingerprint, fingerprintOf(t, scratch), "the copy")
		})
	}
	other, _ := certificate(t, "db.example")
	for name, config := range map[string]database.Config{
		"unknown": with(database.TLS{Verify: true, ServerName: "db.example"}),
		"other":   with(database.TLS{Verify: true, CA: other, ServerName: "db.example"}),
		"host":    with(database.TLS{Verify: true, CA: cert}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(ctx, config, database.ReadOnly)
			forPeople(t, err, config, "is not trusted", "DB_SSL__CA")
		})
	}
	// Over the socket, which is a folder.
	socket := plain
	socket.Host = server.Dir
	dump, info := dumpOf(t, socket)
	equal(t, *info.Fingerprint, fingerprintOf(t, plain), "over the socket")
	if err := Restore(ctx, socket, dump, progress.Discard); err != nil {
		t.Error(err)
	}
}
