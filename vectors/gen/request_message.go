package main

var requestTopics []topic
