package testbed_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bunnyhop/steps/testbed"
)

func TestPatient(t *testing.T) {
	t.Parallel()
	var heard []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if heard = append(heard, string(body)); len(heard) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	response, err := testbed.Patient.Post(server.URL, "text/plain", strings.NewReader("whole"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if got := strings.Join(heard, " "); response.StatusCode != http.StatusOK || got != "whole whole whole" {
		t.Errorf("%s, heard %q", response.Status, got)
	}
}
