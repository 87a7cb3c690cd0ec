package mysql

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// authority makes certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.pem, _ = a.issue(template)
	return a
}

func (a *authority) issue(template *x509.Certificate) (cert, key string) {
	a.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, private
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &private.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.cert == nil {
		a.key = private
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			a.t.Fatal(err)
		}
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

func (a *authority) leaf(name string, address net.IP) (cert, key string) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if address != nil {
		template.IPAddresses = []net.IP{address}
	}
	return a.issue(template)
}

// TestTLS connects, dumps and restores on a server that takes nothing but
// encrypted connections.
func TestTLS(t *testing.T) {
	ctx := context.Background()
	ours, others := newAuthority(t), newAuthority(t)
	cert, key := ours.leaf("db.example", net.IPv4(127, 0, 0, 1))
	// The server runs as another user.
	dir, err := os.MkdirTemp("", "tls")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"ca": ours.pem, "cert": cert, "key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	server := mysqltest.Private(t, "--ssl-ca="+filepath.Join(dir, "ca"), "--ssl-cert="+filepath.Join(dir, "cert"), "--ssl-key="+filepath.Join(dir, "key"))
	admin := server.Database(t)
	config := mysqltest.User(t, admin, mysqltest.CreateDatabases)
	mysqltest.Exec(t, config, paper...)
	mysqltest.Exec(t, admin, "ALTER USER "+mysqltest.Account(config)+" REQUIRE SSL")
	clientCert, clientKey := ours.leaf("client", nil)
	otherCert, otherKey := others.leaf("client", nil)
	for name, c := range map[string]struct {
		tls  *database.TLS
		want string
	}{
		"plain":           {nil, "the server refuses user"},
		"unverified":      {&database.TLS{}, ""},
		"chain":           {&database.TLS{Verify: true, CA: ours.pem}, ""},
		"address":         {&database.TLS{Verify: true, CA: ours.pem, ServerName: "127.0.0.1"}, ""},
		"name":            {&database.TLS{Verify: true, CA: ours.pem, ServerName: "db.example"}, ""},
		"other name":      {&database.TLS{Verify: true, CA: ours.pem, ServerName: "other.example"}, "is not trusted"},
		"other authority": {&database.TLS{Verify: true, CA: others.pem}, "is not trusted"},
		"system's":        {&database.TLS{Verify: true}, "is not trusted"},
		"certificate":     {&database.TLS{Verify: true, CA: ours.pem, Cert: clientCert, Key: clientKey}, ""},
		"no pair":         {&database.TLS{Verify: true, CA: ours.pem, Cert: clientCert, Key: otherKey}, "DB_SSL__CERT and DB_SSL__KEY cannot be used"},
		"other's":         {&database.TLS{Verify: true, CA: ours.pem, Cert: otherCert, Key: otherKey}, "the connection to"},
	} {
		t.Run(name, func(t *testing.T) {
			config := config
			config.TLS = c.tls
			db, err := Open(ctx, config, database.ReadOnly)
			if c.want != "" {
				contains(t, err, c.want)
				if fault.HintOf(err) == "" {
					t.Errorf("no hint for %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			dump := filepath.Join(t.TempDir(), "dump")
			info, err := db.Dump(ctx, dump, progress.Discard)
			if err != nil {
				t.Fatal(err)
			}
			scratch := scratchOf(t, config, dump, "bunnyhop_tls")
			equal(t, *info.Fingerprint, fingerprintOf(t, scratch), "scratch")
		})
	}
}

// TestSocket dumps and restores by a Unix socket.
func TestSocket(t *testing.T) {
	server := mysqltest.Shared(t)
	config := mysqltest.User(t, server.Database(t), mysqltest.CreateDatabases)
	mysqltest.Exec(t, config, paper...)
	config.Host, config.Port = server.Socket(), ""
	dump, info := dumpOf(t, config)
	if err := Restore(context.Background(), config, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
}
