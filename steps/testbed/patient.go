package testbed

import (
	"net/http"
	"time"
)

// Patient asks again while a server says that it is under pressure, which one
// that was just started on a busy machine does (Directus' pressure limiter
// answers 503), for a minute at most.
var Patient = &http.Client{Transport: patient{}}

type patient struct{}

// RoundTrip implements http.RoundTripper.
func (patient) RoundTrip(request *http.Request) (*http.Response, error) {
	for until := time.Now().Add(time.Minute); ; {
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil || response.StatusCode != http.StatusServiceUnavailable || time.Now().After(until) {
			return response, err
		}
		again := request.Clone(request.Context())
		if request.GetBody != nil {
			if again.Body, err = request.GetBody(); err != nil {
				return response, nil //nolint:nilerr // it cannot be sent again
			}
		} else if request.Body != nil {
			return response, nil
		}
		response.Body.Close()
		select {
		case <-request.Context().Done():
			return nil, request.Context().Err()
		case <-time.After(500 * time.Millisecond):
		}
		request = again
	}
}
