package upgrade_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/objectstore/s3test"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/restore"
	"bunnyhop/steps/site"
	"bunnyhop/steps/testbed"
	"bunnyhop/steps/upgrade"
)

// What Directus itself stores in a bucket is in the backup, comes back without
// anything being removed, and is looked at after an upgrade.
func TestStoredInABucket(t *testing.T) {
	if testbed.Elsewhere(t) {
		return
	}
	p := testbed.New(t)
	config := storeInABucket(t, p)
	p.Serve()
	ids := uploadEight(t, p)
	p.StopAll()
	stored := s3test.Contents(t, config)
	if len(stored) != len(ids) {
		t.Fatalf("Directus stored %d objects below %s", len(stored), config.Prefix)
	}
	p.Exec("DELETE FROM directus_files WHERE id = '" + ids[7] + "'") // now nobody names its object

	made := drive(t, backup.Flow(options(p), backup.Options{}), p.Root)
	if made.Status != steps.Done {
		t.Fatalf("%+v", made)
	}
	manifest, err := backups.Read(fmt.Sprint(made.Data["backup"]))
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, e := range manifest.Part(backups.Files).Entries {
		if e.Object == nil {
			continue
		}
		held++
		data, err := os.ReadFile(filepath.Join(manifest.Dir, e.Path))
		if err != nil || string(data) != stored[e.Object.Key] {
			t.Errorf("%s is not in the backup as it was: %v", e.Object.Key, err)
		}
	}
	if held != len(stored) || len(manifest.External) != 0 {
		t.Errorf("%d of %d objects, external %v", held, len(stored), manifest.External)
	}
	if len(manifest.Unmatched) != 1 || manifest.Unmatched[0].Prefix != "files/cloud" || manifest.Unmatched[0].Missing != 0 || manifest.Unmatched[0].Extra != 1 {
		t.Errorf("unmatched: %v", manifest.Unmatched)
	}
	noSecretIn(t, manifest.Dir, config.SecretKey)

	// One is lost, one is spoilt, one is new.
	b, err := objectstore.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Remove(t.Context(), diskName(p, ids[0])); err != nil {
		t.Fatal(err)
	}
	s3test.Put(t, config, map[string]string{diskName(p, ids[1]): "spoilt", "new": "n"})
	asked := ""
	result := driveAsked(t, restore.Flow(options(p), restore.Options{Backup: manifest.Dir, Parts: []string{"files"}}), p.Root, &asked)
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	if !strings.Contains(asked, "missing and put back: 1, different and overwritten (saved first): 1, the same: 6, others, which stay: 1") {
		t.Errorf("asked: %s", asked)
	}
	want := stored
	want["new"] = "n"
	now := s3test.Contents(t, config)
	for key, text := range want {
		if now[key] != text {
			t.Errorf("%s is %.20q", key, now[key])
		}
	}
	saved, err := filepath.Glob(filepath.Join(filepath.Dir(manifest.Dir), "*-before-restore-files", "files", "cloud", "*"))
	if err != nil || len(saved) != 1 {
		t.Fatalf("saved %v, %v", saved, err)
	}
	if data, err := os.ReadFile(saved[0]); err != nil || string(data) != "spoilt" {
		t.Errorf("what was overwritten is saved as %q, %v", data, err)
	}

	// A second backup tells what is missing, and stores nothing twice.
	if err := b.Remove(t.Context(), diskName(p, ids[2])); err != nil {
		t.Fatal(err)
	}
	made = drive(t, backup.Flow(options(p), backup.Options{}), p.Root)
	if made.Status != steps.Done || !strings.Contains(fmt.Sprint(made.Data["report"]), "but missing: 1 ("+diskName(p, ids[2])) {
		t.Errorf("%+v", made)
	}
	s3test.Put(t, config, map[string]string{diskName(p, ids[2]): stored[diskName(p, ids[2])]})

	// The wrong key stops a backup before it begins.
	p.Set("STORAGE_CLOUD_SECRET", "not-the-secret-of-it")
	made = drive(t, backup.Flow(options(p), backup.Options{}), p.Root)
	if made.Status == steps.Done || !strings.Contains(made.Error+made.Hint, "STORAGE_CLOUD_") || strings.Contains(fmt.Sprintf("%+v", made), "not-the-secret-of-it") {
		t.Errorf("%+v", made)
	}
	p.Set("STORAGE_CLOUD_SECRET", config.SecretKey)

	// The new version reads the same objects.
	var looked facts.Verification
	result = driveLearned(t, upgrade.Flow(options(p), upgrade.Options{To: target}), p.Root, &looked)
	if result.Status != steps.Done {
		t.Fatalf("%+v", result)
	}
	for _, check := range looked.Checks {
		if check.Name == "files" && (!check.OK || !strings.HasPrefix(check.Detail, "10 fetched")) {
			t.Errorf("files: %+v", check)
		}
	}
}

// storeInABucket gives a project a second storage location, an S3 bucket.
func storeInABucket(t *testing.T, p *testbed.Project) objectstore.Config {
	t.Helper()
	config := s3test.Start(t)
	config.Prefix = "blog/files"
	for key, value := range map[string]string{
		"STORAGE_LOCATIONS": "local,cloud", "STORAGE_CLOUD_DRIVER": "s3", "STORAGE_CLOUD_KEY": config.AccessKey, "STORAGE_CLOUD_SECRET": config.SecretKey,
		"STORAGE_CLOUD_BUCKET": config.Bucket, "STORAGE_CLOUD_REGION": config.Region, "STORAGE_CLOUD_ENDPOINT": config.Endpoint,
		"STORAGE_CLOUD_ROOT": "/blog//files/", "STORAGE_CLOUD_FORCE_PATH_STYLE": "true",
	} {
		p.Set(key, value)
	}
	return config
}

// uploadEight uploads files to the bucket.
func uploadEight(t *testing.T, p *testbed.Project) (ids []string) {
	t.Helper()
	for i := range 8 {
		ids = append(ids, uploadFile(t, p, "cloud", fmt.Sprintf("file %d.txt", i), strings.Repeat(fmt.Sprintf("text %d\n", i), 1000)))
	}
	return ids
}

func diskName(p *testbed.Project, id string) string {
	return p.Rows("SELECT filename_disk FROM directus_files WHERE id = '" + id + "'")[0][0]
}

func uploadFile(t *testing.T, p *testbed.Project, location, name, text string) (id string) {
	t.Helper()
	token, err := p.Token()
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("storage", location); err != nil {
		t.Fatal(err)
	}
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(part, text); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site.BaseURL(p.Config())+"/files", &body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := testbed.Patient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s (%v)", response.Status, answer, err)
	}
	var made struct{ Data struct{ ID string } }
	if err := json.Unmarshal(answer, &made); err != nil {
		t.Fatal(err)
	}
	return made.Data.ID
}

// noSecretIn looks at what a backup tells of itself; the copied configuration
// holds the secret, of course.
func noSecretIn(t *testing.T, dir, secret string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil || bytes.Contains(data, []byte(secret)) {
		t.Errorf("the manifest holds the secret (%v)", err)
	}
}

// driveLearned is drive that also keeps what the verify step saw.
func driveLearned(t *testing.T, flow steps.Flow, root string, looked *facts.Verification) steps.Result {
	t.Helper()
	return driveWatched(t, flow, root, func(event steps.Event) {
		if learned, ok := event.(steps.Learned); ok && learned.Key == "verification" {
			if err := json.Unmarshal(learned.Value, looked); err != nil {
				t.Error(err)
			}
		}
	})
}
