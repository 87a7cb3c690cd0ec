// Package s3test gives tests a real S3-compatible server: versitygw, built
// once from the Go module proxy, on a data folder and a free loopback port of
// its own. The server ends and its data is removed when the test binary ends,
// however it ends.
package s3test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"bunnyhop/internal/objectstore"
)

// shared is the one server of this test binary.
var shared struct {
	sync.Mutex
	server *Server
}

// Start returns an empty bucket, made for this call, on the server that all
// tests of the binary share, with credentials that may do everything.
func Start(tb testing.TB) objectstore.Config {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		server, err := launch()
		if err != nil {
			tb.Fatalf("starting an S3 server: %v", err)
		}
		shared.server = server
	}
	return shared.server.Bucket(tb)
}

// Private is a server of the test's own, which may be stopped and started. It
// ends with the test.
func Private(tb testing.TB) *Server {
	tb.Helper()
	server, err := launch()
	if err != nil {
		tb.Fatalf("starting an S3 server: %v", err)
	}
	tb.Cleanup(server.end)
	return server
}

var serial atomic.Int64

// Bucket makes an empty bucket.
func (s *Server) Bucket(tb testing.TB) objectstore.Config {
	tb.Helper()
	config := s.config(fmt.Sprintf("bucket-%d", serial.Add(1)))
	if err := client(tb, config).MakeBucket(tb.Context(), config.Bucket, minio.MakeBucketOptions{}); err != nil {
		tb.Fatalf("making a bucket: %v", err)
	}
	return config
}

// User makes a user who may do exactly the actions ("s3:GetObject") in the
// bucket, and returns the bucket with that user's credentials.
func User(tb testing.TB, config objectstore.Config, actions ...string) objectstore.Config {
	tb.Helper()
	program, err := binary()
	if err != nil {
		tb.Fatal(err)
	}
	user := config
	user.AccessKey, user.SecretKey = fmt.Sprintf("user-%d", serial.Add(1)), "the-secret-of-the-user"
	//nolint:gosec // a test's own server and a password that opens nothing else
	cmd := exec.Command(program, "admin", "--access", config.AccessKey, "--secret", config.SecretKey, "--endpoint-url", config.Endpoint,
		"create-user", "--access", user.AccessKey, "--secret", user.SecretKey, "--role", "user")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("making a user: %v: %s", err, out)
	}
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Principal": map[string]any{"AWS": []string{user.AccessKey}}, "Action": actions,
		"Resource": []string{"arn:aws:s3:::" + config.Bucket, "arn:aws:s3:::" + config.Bucket + "/*"},
	}}})
	if err == nil {
		err = client(tb, config).SetBucketPolicy(tb.Context(), config.Bucket, string(policy))
	}
	if err != nil {
		tb.Fatalf("giving rights to a user: %v", err)
	}
	return user
}

// Put stores objects with these contents, by key below the prefix.
func Put(tb testing.TB, config objectstore.Config, contents map[string]string) {
	tb.Helper()
	b := open(tb, config)
	for key, text := range contents {
		if err := b.Put(tb.Context(), key, strings.NewReader(text), int64(len(text))); err != nil {
			tb.Fatal(err)
		}
	}
}

// unfinished is what the gateway calls a file that is not yet in the place of
// its object; it lists those.
var unfinished = regexp.MustCompile(`(^|/)\.[^/]*\.sgwtmp\.\d+$`)

// Contents reads all objects below the prefix.
func Contents(tb testing.TB, config objectstore.Config) map[string]string {
	tb.Helper()
	b := open(tb, config)
	contents := map[string]string{}
	for o, err := range b.List(tb.Context(), "") {
		if err != nil {
			tb.Fatal(err)
		}
		if unfinished.MatchString(o.Key) {
			continue
		}
		body, _, err := b.Get(tb.Context(), o.Key)
		if err != nil {
			tb.Fatal(err)
		}
		var text bytes.Buffer
		if _, err := io.Copy(&text, body); err != nil {
			tb.Fatal(err)
		}
		if err := body.Close(); err != nil {
			tb.Fatal(err)
		}
		contents[o.Key] = text.String()
	}
	return contents
}

func open(tb testing.TB, config objectstore.Config) *objectstore.Bucket {
	tb.Helper()
	b, err := objectstore.Open(config)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func client(tb testing.TB, config objectstore.Config) *minio.Client {
	tb.Helper()
	c, err := connect(config)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func connect(config objectstore.Config) (*minio.Client, error) {
	return minio.New(strings.TrimPrefix(config.Endpoint, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(config.AccessKey, config.SecretKey, ""), Region: config.Region, BucketLookup: minio.BucketLookupPath, MaxRetries: 1,
	})
}

// answers says whether the server takes requests.
func (s *Server) answers(ctx context.Context) error {
	c, err := connect(s.config("none"))
	if err != nil {
		return err
	}
	_, err = c.ListBuckets(ctx)
	return err
}
