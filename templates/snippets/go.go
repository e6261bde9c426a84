// Calls __WHAT__ with an ID token: go get google.golang.org/api/idtoken
// Application Default Credentials of a service account: a key, or the metadata server.
package main

import (
	"context"
	"io"
	"log"
	"os"

	"google.golang.org/api/idtoken"
)

func main() {
	client, err := idtoken.NewClient(context.Background(), __AUDIENCE__)
	if err != nil {
		log.Fatal(err)
	}
	answer, err := client.Get(__ADDRESS__)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		log.Fatal(err)
	}
	if answer.StatusCode >= 400 {
		log.Fatal(answer.Status)
	}
}
