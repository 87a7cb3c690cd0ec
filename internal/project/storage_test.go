package project

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/objectstore"
)

func TestStorageLocationsOfDriverS3(t *testing.T) {
	c := mustLoad(t, map[string]string{
		"secret": "the secret",
		".env": `STORAGE_LOCATIONS="main, images,role,half,none,cloud,odd"
STORAGE_MAIN_DRIVER=s3
STORAGE_MAIN_KEY=KEY1
STORAGE_MAIN_SECRET_FILE=./secret
STORAGE_MAIN_BUCKET=files
STORAGE_MAIN_REGION=eu-central-1
STORAGE_IMAGES_DRIVER=s3
STORAGE_IMAGES_KEY=0123
STORAGE_IMAGES_SECRET=5678
STORAGE_IMAGES_BUCKET=images
STORAGE_IMAGES_ENDPOINT=http://127.0.0.1:9000/
STORAGE_IMAGES_ROOT=/a//b/
STORAGE_IMAGES_FORCE_PATH_STYLE=true
STORAGE_IMAGES_ACL=public-read
STORAGE_IMAGES_SERVER_SIDE_ENCRYPTION=AES256
STORAGE_ROLE_DRIVER=s3
STORAGE_ROLE_BUCKET=x
STORAGE_HALF_DRIVER=s3
STORAGE_HALF_BUCKET=x
STORAGE_HALF_KEY=x
STORAGE_NONE_DRIVER=s3
STORAGE_CLOUD_DRIVER=gcs
`,
	})
	all := c.Storage()
	want := []*S3Location{
		{Config: objectstore.Config{Region: "eu-central-1", Bucket: "files", AccessKey: "KEY1", SecretKey: "the secret"}},
		{
			Config: objectstore.Config{
				Endpoint: "http://127.0.0.1:9000", Bucket: "images", Prefix: "a/b", AccessKey: "0123", SecretKey: "5678", PathStyle: true,
			},
			Put: objectstore.PutOptions{ACL: "public-read", Encryption: "AES256"},
		},
	}
	for i, location := range all {
		if i < len(want) {
			if diff := cmp.Diff(want[i], location.S3); diff != "" || location.External {
				t.Errorf("%s: %s", location.Name, diff)
			}
			continue
		}
		if !location.External || location.Reason == "" || location.S3 != nil {
			t.Errorf("%s: %+v", location.Name, location)
		}
	}
}

func TestPrefixesAreThoseOfTheDriver(t *testing.T) {
	for root, want := range map[string]string{
		"": "", "/": "/", "x": "x", "/x": "x", "x/": "x", "./x": "x", "x//y/": "x/y", `x\y`: "x/y", ".": "", "./": "", "x/../y": "y",
	} {
		if got := s3Prefix(root); got != want {
			t.Errorf("%q: %q, want %q", root, got, want)
		}
	}
	for disk, want := range map[string]string{"a.jpg": "a.jpg", "/a.jpg": "a.jpg", "a//b": "a/b", "../a": "a", "a/../b": "b"} {
		if got := StoredName(disk); got != want {
			t.Errorf("%q: %q, want %q", disk, got, want)
		}
	}
}
