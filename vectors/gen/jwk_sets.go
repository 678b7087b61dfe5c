package main

var jwkTopics, requestTopics []topic
