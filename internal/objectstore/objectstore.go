// Package objectstore reads and writes objects of an S3-compatible bucket.
// Nothing is held in memory but a part of an object, every read notices an
// object that ends early or changes, and errors say what a person can do.
package objectstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"bunnyhop/internal/fault"
)

const (
	// idle is how long a connection may stand still; the S3 driver of
	// Directus waits as long (socketTimeout, @directus/storage-driver-s3 12.0).
	idle = 2 * time.Minute
	// dialing is how long making a connection may take.
	dialing = 15 * time.Second
	// retries is how often a request is sent, in all, before its failure counts.
	retries = 6
)

// Config says where a bucket is and who reads it.
type Config struct {
	Endpoint string // an URL, or a host which then is reached by https; empty is AWS
	Region   string // empty lets AWS tell; other endpoints then get us-east-1
	Bucket   string
	Prefix   string // every key lies below it; without a leading slash; optional
	// AccessKey and SecretKey may both be empty: then the machine's own are
	// used, as the AWS tools find them (environment, ~/.aws, instance role).
	AccessKey, SecretKey string
	PathStyle            bool   // the bucket's name goes into the path instead of the host
	CAFile               string // PEM certificates to trust besides the system's; optional
}

// String names the place without secrets.
func (c Config) String() string {
	text := "s3://" + c.Bucket
	if c.Prefix != "" {
		text += "/" + c.Prefix
	}
	if c.Endpoint != "" {
		_, host, _ := c.address()
		text += " at " + host
	}
	return text
}

// address splits the endpoint. It ends in the host, with a port or not.
func (c Config) address() (secure bool, host string, err error) {
	text := c.Endpoint
	if text == "" {
		return true, "s3.amazonaws.com", nil
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		// The text itself may hold a password and is not repeated.
		return false, "an unusable endpoint", fault.New("the endpoint of the S3 bucket "+c.Bucket+" is not an address",
			"it looks like https://s3.example.com:9000, without a path and without a user")
	}
	return u.Scheme == "https", u.Host, nil
}

// Bucket is an open bucket. It is safe for concurrent use.
type Bucket struct {
	config Config
	prefix string // with its slash
	core   minio.Core
}

// Open prepares the use of a bucket. Nothing is sent yet; see Check.
func Open(c Config) (*Bucket, error) {
	secure, host, err := c.address()
	if err != nil {
		return nil, err
	}
	if err := s3utils.CheckValidBucketName(c.Bucket); err != nil {
		return nil, fault.Wrap(err, "the name of the S3 bucket cannot be right", "check the bucket's name in the settings")
	}
	if (c.AccessKey == "") != (c.SecretKey == "") {
		return nil, fault.New("only one of access key and secret key of "+c.String()+" is set", "set both, or none to use the machine's own")
	}
	transport, err := c.transport()
	if err != nil {
		return nil, err
	}
	options := &minio.Options{
		Creds: c.credentials(), Secure: secure, Transport: transport,
		Region: c.Region, MaxRetries: retries, BucketLookup: c.lookup(secure, host),
	}
	if options.Region == "" && c.Endpoint != "" {
		options.Region = "us-east-1"
	}
	client, err := minio.New(host, options)
	if err != nil {
		return nil, fault.Wrap(err, "the settings of "+c.String()+" cannot be used", "check the endpoint and the region")
	}
	client.SetAppInfo("bunnyhop", "1")
	b := &Bucket{config: c, prefix: c.Prefix, core: minio.Core{Client: client}}
	if b.prefix != "" && !strings.HasSuffix(b.prefix, "/") {
		b.prefix += "/"
	}
	return b, nil
}

// Config is what the bucket was opened with.
func (b *Bucket) Config() Config { return b.config }

func (c Config) credentials() *credentials.Credentials {
	if c.AccessKey != "" {
		return credentials.NewStaticV4(c.AccessKey, c.SecretKey, "")
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{},
		&credentials.FileAWSCredentials{},
		&credentials.IAM{Client: &http.Client{Timeout: 5 * time.Second}},
	})
}

// lookup mirrors the AWS client of Directus: the bucket's name is part of the
// host, except where that cannot work (@aws-sdk/client-s3 3, endpoint rules).
func (c Config) lookup(secure bool, host string) minio.BucketLookupType {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	switch {
	case c.PathStyle, name == "localhost", net.ParseIP(strings.Trim(name, "[]")) != nil,
		secure && strings.Contains(c.Bucket, "."), s3utils.CheckValidBucketNameStrict(c.Bucket) != nil:
		return minio.BucketLookupPath
	}
	return minio.BucketLookupDNS
}

func (c Config) transport() (*http.Transport, error) {
	dialer := &net.Dialer{Timeout: dialing, KeepAlive: 15 * time.Second}
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return watched{conn}, nil
		},
		MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: dialing, ExpectContinueTimeout: 10 * time.Second,
		DisableCompression: true, // what is stored is wanted, not what it unpacks to
		TLSClientConfig:    &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if c.CAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fault.Wrap(err, "reading the certificates to trust for "+c.String(), "check the path of the CA file")
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fault.New("there is no certificate in "+c.CAFile, "the file must hold PEM certificates (-----BEGIN CERTIFICATE-----)")
	}
	t.TLSClientConfig.RootCAs = pool
	return t, nil
}

// watched is a connection that fails when nothing moves for long: a server
// that hangs must not hang a backup.
type watched struct{ net.Conn }

func (w watched) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(idle)); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}

func (w watched) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(idle)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}
